import type { CacheRange } from '../../core/memory/cache-range.ts';
import { pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import { countPages, emptyOccupancy, setPage } from '../../core/memory/occupancy.ts';
import { asOrder } from '../../core/memory/order.ts';
import { type CachePlan, planCacheRange } from '../../core/plan/cache-plan.ts';
import { whyNoCacheCollapse } from '../../core/rules/cache-orders.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { CachedFile } from '../../core/rules/page-cache.ts';
import { type ScanResult, traceString } from '../../core/rules/scan-result.ts';
import type { HugeMountWord } from '../../core/rules/shmem-settings.ts';
import { daemonModel } from '../../khugepaged/daemon-model.ts';
import { hugepageEnabled } from '../../khugepaged/daemon-settings.ts';
import { defaultMachineSettings } from '../../machine/settings.ts';
import { CACHE_GEOMETRY, type CacheBatch, type CacheMapping, wholeRanges } from './batch.ts';
import type { CacheRangeReport } from './report.ts';

/** The rules that are believed in: those of the model, or wrong ones. */
export interface CacheRules {
  readonly whyNot: typeof whyNoCacheCollapse;
  readonly plan: typeof planCacheRange;
  readonly threadRuns: (batch: CacheBatch, model: KernelModel) => boolean;
}

export const CACHE_RULES: CacheRules = { whyNot: whyNoCacheCollapse, plan: planCacheRange, threadRuns };

/** What is expected of one range; undefined is what nothing decides. */
export interface CacheOutcome {
  /** As the probe says it, with `+` for a page that was read or swapped in meanwhile. */
  readonly pages: string;
  readonly resident: number | undefined;
  readonly touched: number | undefined;
  readonly scans: readonly string[];
  /** By how much pages_collapsed grows. */
  readonly collapsed: number;
}

const PAGES = pagesPerRange(CACHE_GEOMETRY);

/** Whether khugepaged's thread is there. */
function threadRuns({ enabled, shmem, size }: CacheBatch, model: KernelModel): boolean {
  const shmemSizes = new Map([[asOrder(CACHE_GEOMETRY.pmdOrder), size]]);
  const machine = {
    ...defaultMachineSettings(CACHE_GEOMETRY),
    enabled,
    sizes: new Map(),
    shmem: { enabled: shmem, sizes: shmemSizes },
  };
  return hugepageEnabled(machine, daemonModel(model), CACHE_GEOMETRY);
}

/** The file of a mapping, as the rules know it. */
function fileOf({ kind, bytes }: CacheMapping): CachedFile {
  const named = { id: kind, name: kind, bytes };
  if (kind === 'anon' || kind === 'memfd') return { ...named, kind: 'shared-anonymous' };
  if (kind === 'sysv') return { ...named, kind: 'internal' };
  if (kind === 'ext4') return { ...named, kind: 'file', filesystem: kind };
  return { ...named, kind: 'tmpfs', hugeMount: kind.slice('tmpfs-'.length) as HugeMountWord };
}

/** Whether khugepaged scans the ranges of a mapping. */
function isScanned(batch: CacheBatch, mapping: CacheMapping, model: KernelModel, rules: CacheRules): boolean {
  const bytes = rangeBytes(CACHE_GEOMETRY);
  const start = 64 * bytes + (mapping.shift << CACHE_GEOMETRY.pageShift);
  const file = fileOf(mapping);
  const vma = {
    start,
    end: start + mapping.ranges * bytes,
    name: file.name,
    anonymous: false,
    flags: mapping.advice === undefined ? [] : [mapping.advice === 'hugepage' ? 'hg' : 'nh'],
    thpEligible: undefined,
    rssBytes: 0,
    swapBytes: 0,
    mapping: { file: file.id, offset: mapping.offset * bytes },
  };
  const sizes = new Map([[asOrder(CACHE_GEOMETRY.pmdOrder), batch.size]]);
  const governing = { settings: batch, shmem: { enabled: batch.shmem, sizes }, model };
  if (!rules.threadRuns(batch, model)) return false;
  return rules.whyNot(vma, file, governing, CACHE_GEOMETRY, false) === undefined;
}

/** What the model says of a range, from what it was before; `range` counts within the mapping. */
export function expectCacheRange(
  batch: CacheBatch,
  mapping: CacheMapping,
  range: number,
  { before, scans }: Pick<CacheRangeReport, 'before' | 'scans'>,
  model: KernelModel,
  rules: CacheRules = CACHE_RULES,
  leastScans = 0,
): CacheOutcome {
  const unchanged = {
    pages: before.pages,
    resident: before.resident,
    touched: undefined,
    scans: [],
    collapsed: 0,
  };
  if (range >= wholeRanges(mapping) || !isScanned(batch, mapping, model, rules)) return unchanged;
  const file = fileOf(mapping);
  const said: string[] = [];
  let pages = before.pages;
  let resident: number | undefined = before.resident;
  let collapsed = 0;
  for (let scan = 0; scan < Math.max(leastScans, scans.length); scan++) {
    const mappedPages = resident === undefined ? undefined : resident - before.anonymous;
    const state = rangeOf(pages, (mapping.offset + range) * rangeBytes(CACHE_GEOMETRY), mappedPages);
    const plan = rules.plan(state, file, batch);
    said.push(scanText(plan.result, state));
    pages = pagesAfter(pages, plan);
    resident =
      resident === undefined || plan.unmappedPages === undefined ? undefined : resident - plan.unmappedPages;
    if (isCounted(plan.result, before.anonymous)) collapsed++;
  }
  const isHuge = pages[0] === String(CACHE_GEOMETRY.pmdOrder) && before.anonymous === 0;
  return { pages, resident, touched: isHuge ? PAGES : undefined, scans: said, collapsed };
}

/** A range that is one folio already counts each time, but where its page table has other pages too. */
function isCounted(result: ScanResult, anonymous: number): boolean {
  return result === 'SCAN_SUCCEED' || (result === 'SCAN_PTE_MAPPED_HUGEPAGE' && anonymous === 0);
}

/** Results of a scan that no attempt follows. */
const WITHOUT_ATTEMPT: readonly ScanResult[] = [
  'SCAN_EXCEED_NONE_PTE',
  'SCAN_EXCEED_SWAP_PTE',
  'SCAN_PTE_MAPPED_HUGEPAGE',
];
/** Those that end the scan early, so that what it counted says little. */
const ENDS_EARLY: readonly ScanResult[] = ['SCAN_EXCEED_SWAP_PTE', 'SCAN_PTE_MAPPED_HUGEPAGE'];

function scanText(result: ScanResult, { present, swapPages }: CacheRange): string {
  const name = traceString(result);
  const attempt = WITHOUT_ATTEMPT.includes(result) ? '' : `${name},`;
  return ENDS_EARLY.includes(result)
    ? `= ${name}`
    : `${attempt}= ${name} ${countPages(present)} ${swapPages}`;
}

/** A scan as the probe reports it, without what says little. */
export function comparableScan(scan: string): string {
  const early = ENDS_EARLY.map((result) => `= ${traceString(result)} `);
  return early.some((text) => scan.startsWith(text)) ? scan.split(' ', 2).join(' ') : scan;
}

function pagesAfter(pages: string, { result, growthPages }: CachePlan): string {
  if (result === 'SCAN_SUCCEED') return String(CACHE_GEOMETRY.pmdOrder).repeat(PAGES);
  let left = growthPages;
  return pages.replace(/[.s]/g, (page) => (left-- > 0 ? '+' : page));
}

/** What the probe saw, as the rules know it. */
function rangeOf(pages: string, offset: number, mappedPages: number | undefined): CacheRange {
  const present = emptyOccupancy(CACHE_GEOMETRY);
  const folioOrders = new Uint8Array(PAGES);
  let [swapPages, dirtyPages] = [0, 0];
  for (let page = 0; page < PAGES; page++) {
    const text = pages[page];
    if (text === 's') swapPages++;
    if (text === 's' || text === '.') continue;
    setPage(present, page);
    if (/[a-j]/.test(text)) dirtyPages++;
    folioOrders[page] = /\d/.test(text) ? Number(text) : /[a-j]/.test(text) ? text.charCodeAt(0) - 97 : 0;
  }
  const firstDirtyPage = dirtyPages > 0 ? pages.search(/[a-j]/) : undefined;
  return {
    geometry: CACHE_GEOMETRY,
    offset,
    present,
    swapPages,
    folioOrders,
    dirtyPages,
    firstDirtyPage,
    mappedPages,
  };
}
