import { type Result, succeed } from '../../core/base/failure.ts';
import { isEmpty } from '../../core/memory/occupancy.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { Guest } from '../guest/guest.ts';
import { CACHE_SCANS, type CacheBatch, type CacheMapping, cacheRequest } from './batch.ts';
import {
  CACHE_RULES,
  type CacheOutcome,
  type CacheRules,
  comparableScan,
  expectCacheRange,
} from './expected.ts';
import { type CacheRangeReport, type CacheReport, parseCacheReport } from './report.ts';
import { shrinkCacheBatch } from './shrink.ts';

/** A range of a mapping, or the batch as a whole, of which kernel and model say something else. */
export interface CacheDifference {
  readonly batch: CacheBatch;
  /** The number of the range among those of the batch; undefined for what is said of them all. */
  readonly index: number | undefined;
  readonly real: string;
  readonly model: string;
}

const TIMEOUT_MS = 180_000;
/** How often khugepaged may be too slow before it is said to stand still. */
const MOST_ASKS = 4;

/** Has the guest do a batch, and compares range by range, then what is said of all. */
export async function compareCache(
  guest: Guest,
  batch: CacheBatch,
  model: KernelModel,
): Promise<Result<readonly CacheDifference[]>> {
  for (let asks = 1; ; asks++) {
    const answer = await guest.ask(cacheRequest(batch), TIMEOUT_MS);
    if (!answer.ok) return answer;
    const report = parseCacheReport(batch, answer.value);
    if (report.ok) return succeed(compareCacheReport(batch, report.value, model));
    if (asks === MOST_ASKS) return report;
  }
}

export function compareCacheReport(
  batch: CacheBatch,
  report: CacheReport,
  model: KernelModel,
  rules: CacheRules = CACHE_RULES,
): CacheDifference[] {
  const differences: CacheDifference[] = [];
  const least = rules.threadRuns(batch, model) ? CACHE_SCANS : 0;
  let collapsed = 0;
  let index = 0;
  for (const mapping of batch.mappings) {
    for (let range = 0; range < mapping.ranges; range++, index++) {
      const seen = report.ranges[index];
      const expected = expectCacheRange(batch, mapping, range, seen, model, rules, least);
      collapsed += isReadMeanwhile(mapping) ? countedScans(seen) : expected.collapsed;
      const [real, said] = [realText(mapping, seen, expected), expectedText(mapping, expected)];
      if (real !== said)
        differences.push({ batch: { ...batch, mappings: [mapping] }, index, real, model: said });
    }
  }
  const real = `thread=${report.thread ? 1 : 0} pages_collapsed=${report.collapsed}`;
  const said = `thread=${rules.threadRuns(batch, model) ? 1 : 0} pages_collapsed=${collapsed}`;
  if (differences.length === 0 && real !== said)
    differences.push({ batch, index: undefined, real, model: said });
  return differences;
}

/**
 * Whether holes are read from the disk: those of what was never written are not. Pages under I/O are locked,
 * and how often an attempt meets that is a matter of time.
 */
function isReadMeanwhile({ kind, filled, swap, written, dirty }: CacheMapping): boolean {
  return kind === 'ext4' && (filled || (!isEmpty(swap) && !(isEmpty(written) && isEmpty(dirty))));
}

/** By how much scans raise pages_collapsed; see `expectCacheRange`. */
function countedScans({ scans, before }: CacheRangeReport): number {
  const counted = before.anonymous === 0 ? /= (succeeded|pte_mapped_hugepage)/ : /= succeeded/;
  return scans.filter((scan) => counted.test(scan)).length;
}

/** The scans that are compared: of pages that are read meanwhile, the last result alone. */
function scansText(mapping: CacheMapping, scans: readonly string[]): string {
  if (!isReadMeanwhile(mapping)) return scans.join('; ');
  return scans.at(-1)?.replace(/ \d+ \d+$/, '') ?? '';
}

function expectedText(mapping: CacheMapping, { pages, resident, touched, scans }: CacheOutcome): string {
  return outcomeText(pages, resident, touched, scansText(mapping, scans));
}

/** What the kernel did, as far as the model says anything of it. */
function realText(mapping: CacheMapping, seen: CacheRangeReport, expected: CacheOutcome): string {
  const { after, touched, scans } = seen;
  const pages = after.pages.replace(/[0-9]/g, (page, at) => (expected.pages[at] === '+' ? '+' : page));
  return outcomeText(
    pages,
    expected.resident === undefined ? undefined : after.resident,
    expected.touched === undefined ? undefined : touched,
    scansText(mapping, scans.map(comparableScan)),
  );
}

function outcomeText(
  pages: string,
  resident: number | undefined,
  touched: number | undefined,
  scans: string,
): string {
  const numbers = Object.entries({ resident, touched }).filter(([, value]) => value !== undefined);
  return [pages, numbers.map(([name, value]) => `${name}=${value}`).join(' '), scans].join('\n    ');
}

/** What is left of differences when their batch is asked about again. */
export interface RepeatedCache {
  readonly passing: readonly CacheDifference[];
  /** The first is as small as it could be made. */
  readonly lasting: readonly CacheDifference[];
}

/** Asks about a batch again, some times: what the model has wrong differs every time. */
export async function repeatCache(
  guest: Guest,
  batch: CacheBatch,
  model: KernelModel,
  first: readonly CacheDifference[],
): Promise<Result<RepeatedCache>> {
  let lasting = first;
  for (let asks = 1; asks < MOST_ASKS && lasting.length > 0; asks++) {
    const again = await compareCache(guest, batch, model);
    if (!again.ok) return again;
    lasting = lasting.filter(({ index }) => again.value.some((each) => each.index === index));
  }
  const passing = first.filter((each) => !lasting.includes(each));
  if (lasting.length === 0) return succeed({ passing, lasting });
  const smallest = await shrinkCacheBatch(lasting[0].batch, async (simpler) => {
    const compared = await compareCache(guest, simpler, model);
    return compared.ok ? compared.value[0] : undefined;
  });
  return succeed({ passing, lasting: [smallest?.found ?? lasting[0], ...lasting.slice(1)] });
}
