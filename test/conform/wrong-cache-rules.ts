import { CACHE_RULES, type CacheRules } from '../../src/conform/cache/expected.ts';
import type { CacheRange } from '../../src/core/memory/cache-range.ts';
import { emptyOccupancy, setPages } from '../../src/core/memory/occupancy.ts';
import type { CachePlan } from '../../src/core/plan/cache-plan.ts';
import type { CacheSettings } from '../../src/core/rules/cache-orders.ts';
import { type CachedFile, isShmem } from '../../src/core/rules/page-cache.ts';
import type { ShmemSettings } from '../../src/core/rules/shmem-settings.ts';

type WhyNot = CacheRules['whyNot'];
type Mapping = Parameters<WhyNot>[0];

/** The rules about mappings, which see something else than there is. */
function seeing(wrong: {
  readonly vma?: (vma: Mapping, file: CachedFile) => Mapping;
  readonly file?: (file: CachedFile) => CachedFile;
  readonly shmem?: (shmem: ShmemSettings, file: CachedFile) => ShmemSettings;
  readonly settings?: (governing: CacheSettings) => CacheSettings['settings'];
}): Partial<CacheRules> {
  return {
    whyNot: (vma, file, governing, ...rest) =>
      CACHE_RULES.whyNot(
        wrong.vma?.(vma, file) ?? vma,
        wrong.file?.(file) ?? file,
        {
          ...governing,
          settings: wrong.settings?.(governing) ?? governing.settings,
          shmem: wrong.shmem?.(governing.shmem, file) ?? governing.shmem,
        },
        ...rest,
      ),
  };
}

/** The rules about ranges, which see something else than there is, or say something else. */
function planning(wrong: {
  readonly range?: (range: CacheRange, file: CachedFile) => Partial<CacheRange>;
  readonly file?: (file: CachedFile) => Partial<CachedFile>;
  readonly none?: number;
  readonly swap?: number;
  readonly says?: (plan: CachePlan, range: CacheRange) => CachePlan;
}): Partial<CacheRules> {
  return {
    plan: (range, file, { maxPtesNone, maxPtesSwap }) => {
      const plan = CACHE_RULES.plan(
        { ...range, ...wrong.range?.(range, file) },
        { ...file, ...wrong.file?.(file) },
        { maxPtesNone: maxPtesNone + (wrong.none ?? 0), maxPtesSwap: maxPtesSwap + (wrong.swap ?? 0) },
      );
      return wrong.says?.(plan, range) ?? plan;
    },
  };
}

const advised = (vma: Mapping) => ({ ...vma, flags: [...vma.flags, 'hg'] });

function firstPages(count: number, { geometry }: CacheRange) {
  const pages = emptyOccupancy(geometry);
  setPages(pages, 0, count);
  return pages;
}

/** Rules that kernels do not follow, each wrong in one respect. */
export const WRONG_CACHE_RULES: Readonly<Record<string, Partial<CacheRules>>> = {
  'memfd goes by the top level alone': seeing({
    file: (file) => (file.name === 'memfd' ? { ...file, kind: 'internal' } : file),
  }),
  'System V memory goes by the size, too': seeing({
    file: (file) => (file.kind === 'internal' ? { ...file, kind: 'shared-anonymous' } : file),
  }),
  'a tmpfs goes by the top level': seeing({
    file: (file) => (file.kind === 'tmpfs' ? { ...file, kind: 'internal' } : file),
  }),
  'deny is never': seeing({
    shmem: (shmem) => ({ ...shmem, enabled: shmem.enabled === 'deny' ? 'never' : shmem.enabled }),
  }),
  'force is always': seeing({
    shmem: (shmem) => ({ ...shmem, enabled: shmem.enabled === 'force' ? 'always' : shmem.enabled }),
  }),
  'within_size is always': seeing({ file: (file) => ({ ...file, bytes: undefined }) }),
  'within_size of a small file takes advice': seeing({
    file: (file) => ({ ...file, bytes: (file.bytes ?? 0) < 2 ** 21 ? 4096 : file.bytes }),
  }),
  'within_size looks at the start of the file': seeing({
    vma: (vma) => ({ ...vma, mapping: { ...vma.mapping, offset: 0 } }),
  }),
  'MADV_HUGEPAGE does not matter': seeing({
    vma: (vma) => ({ ...vma, flags: vma.flags.filter((flag) => flag !== 'hg') }),
  }),
  'MADV_NOHUGEPAGE does not matter': seeing({
    vma: (vma) => ({ ...vma, flags: vma.flags.filter((flag) => flag !== 'nh') }),
  }),
  'advise is always': seeing({ vma: (vma, file) => (isShmem(file) ? advised(vma) : vma) }),
  'files are collapsed under madvise without advice': seeing({
    vma: (vma, file) => (isShmem(file) ? vma : advised(vma)),
  }),
  'files are collapsed under never': seeing({
    settings: ({ settings }) => ({ ...settings, enabled: 'always' }),
  }),
  'address and offset need not go together': seeing({
    vma: (vma) => {
      const start = Math.floor(vma.start / 2 ** 21) * 2 ** 21;
      return { ...vma, start, end: vma.end - (vma.start - start) };
    },
  }),
  'the limit of holes is one higher': planning({ none: 1 }),
  'the limit of holes is one lower': planning({ none: -1 }),
  'the limit of swap is one higher': planning({ swap: 1 }),
  'the limit of swap is one lower': planning({ swap: -1 }),
  'evicted pages of files do not count as swap': planning({
    range: ({ swapPages }, file) => ({ swapPages: isShmem(file) ? swapPages : 0 }),
  }),
  'mapped pages count, not the page cache': planning({
    range: (range) => ({ present: firstPages(range.mappedPages ?? 0, range) }),
  }),
  'a folio of the PMD order is collapsed again': planning({ range: () => ({ folioOrders: undefined }) }),
  'any large folio is left alone': planning({
    range: ({ folioOrders, geometry }) => ({
      folioOrders: folioOrders?.map((order) => (order > 0 ? geometry.pmdOrder : 0)),
    }),
  }),
  'dirty pages do not matter': planning({ range: () => ({ dirtyPages: 0 }) }),
  'the end of a file does not matter': planning({ file: () => ({ bytes: undefined }) }),
  'a failed attempt reads nothing': planning({
    says: (plan) => (plan.result === 'SCAN_SUCCEED' ? plan : { ...plan, growthPages: 0 }),
  }),
  'a failed attempt unmaps nothing': planning({
    says: (plan) => (plan.result === 'SCAN_FAIL' ? { ...plan, unmappedPages: 0 } : plan),
  }),
  'what is collapsed stays mapped': planning({
    says: (plan) => (plan.result === 'SCAN_SUCCEED' ? { ...plan, unmappedPages: 0 } : plan),
  }),
  'the thread runs always': { threadRuns: () => true },
  'the thread does not run for shared memory alone': { threadRuns: ({ enabled }) => enabled !== 'never' },
};
