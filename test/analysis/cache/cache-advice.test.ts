import { describe, expect, test } from 'vitest';
import { Adviser } from '../../../src/analysis/advice/advise.ts';
import type { PolicyBudget } from '../../../src/analysis/advice/choose-policy.ts';
import { shmemOffer } from '../../../src/analysis/advice/shmem-offer.ts';
import type { CacheDigest } from '../../../src/analysis/cache/cache-digest.ts';
import { CacheDigestBuilder } from '../../../src/analysis/cache/cache-digest-builder.ts';
import { CacheQuery } from '../../../src/analysis/cache/cache-query.ts';
import { DigestCollector } from '../../../src/analysis/digest/digest-collector.ts';
import { type SourceDigest, totalDigest } from '../../../src/analysis/digest/memory-digest.ts';
import { adviceSpace } from '../../../src/analysis/sweep/sweep-space.ts';
import { pagesPerRange, rangeBytes, x86_64 } from '../../../src/core/memory/geometry.ts';
import { asOrder, NO_ORDERS, orderSet } from '../../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../../src/core/rules/kernel-names.ts';
import type { MemoryItem } from '../../../src/core/rules/memory-source.ts';
import type { CachedFile } from '../../../src/core/rules/page-cache.ts';
import type { ShmemSettings, ShmemWord } from '../../../src/core/rules/shmem-settings.ts';
import { defaultSettings, type ThpSettings } from '../../../src/core/rules/thp-settings.ts';
import { sweepAll } from '../../support/sweep-all.ts';
import { knownRanges, processItem, vmaItem } from '../streams.ts';
import { cacheItem, mappingItem } from './items.ts';

const NR = pagesPerRange(x86_64);
const RANGE = rangeBytes(x86_64);
const THP = '/sys/kernel/mm/transparent_hugepage';
const SIZE = `${THP}/hugepages-2048kB/shmem_enabled`;
const TABLE: CachedFile = { id: '8:1:9', kind: 'file', name: '/t', filesystem: 'ext4', bytes: 4 * RANGE };
const BUFFERS: CachedFile = { id: '0:1:5', kind: 'shared-anonymous', name: '/dev/zero', bytes: 4 * RANGE };

/** 40 ranges of anonymous memory of 312 pages each, and what the page cache has of a file. */
function itemsWith(file: CachedFile, pages: readonly number[], flags: string[] = []): MemoryItem[] {
  const present = Array.from({ length: 40 }, () => ({ present: '0-311' }));
  return [
    processItem(1),
    vmaItem(),
    knownRanges(present),
    mappingItem(file, { flags }),
    { kind: 'file', file },
    cacheItem(pages),
  ];
}

function digestOf(items: readonly MemoryItem[], settings: ThpSettings | undefined): SourceDigest {
  const collector = new DigestCollector(x86_64, 1, { cache: new CacheDigestBuilder(x86_64) });
  for (const item of items) collector.add(item);
  return {
    host: { kernelRelease: '7.3.4', time: '2026-01-01T00:00:00Z', geometry: x86_64, settings },
    reach: { pages: 1, cpu: 'a CPU', certainty: 'asked', source: '' },
    processes: collector.finish(),
    cache: collector.finishCache(),
    skipped: [],
    notes: [],
  };
}

function adviceOf(
  items: readonly MemoryItem[],
  settings: ThpSettings | undefined,
  growthPages: number,
  name: KernelModelName = 'linux-7.3',
) {
  const source = digestOf(items, settings);
  const memory = totalDigest(source);
  const model = KERNEL_MODELS[name];
  const base = settings ?? defaultSettings(x86_64);
  const all = adviceSpace(memory, model, ['always'], base);
  const space = { ...all, orders: [NO_ORDERS, orderSet([9])] };
  const cache = new CacheQuery(source.cache as CacheDigest, undefined, { collapsesFiles: true });
  const question = { source, memory, model, base, space, values: sweepAll(memory, space), cache };
  const budget: PolicyBudget = { growth: 'now', growthPages, laterAttempts: undefined, within: 0.01 };
  return new Adviser(question).advise(budget);
}

describe('advice and the page cache', () => {
  const strict: ThpSettings = { ...defaultSettings(x86_64), maxPtesNone: 0 };

  test('counts what max_ptes_none makes of files against the budget, apart from RSS', () => {
    // Anonymous memory grows by 40 * 200 pages from max_ptes_none 200 on, the file by 150 * 4 from 150 on.
    const items = itemsWith(TABLE, [362, 362, 362, 362]);
    const within = adviceOf(items, strict, 40 * 200 + 4 * 150);
    expect(within.advised.settings.maxPtesNone).toBe(200);
    expect(within.advised.worth.growthPages).toBe(40 * 200);
    expect(within.advised.cache).toMatchObject({
      moreGrowthPages: 4 * 150,
      worth: { collapses: 4, growthPages: 4 * 150, unmappedPages: 4 * 362 },
    });
    expect(adviceOf(items, strict, 40 * 200 + 4 * 150 - 1).leave).toBe(true);
    // What happens anyway is no growth of the advice.
    const lax = { ...strict, maxPtesNone: 150 };
    expect(adviceOf(items, lax, 40 * 200).advised).toMatchObject({
      settings: { maxPtesNone: 200 },
      cache: { moreGrowthPages: 0 },
    });
  });

  test('leaves the top level alone where sizes have files, and counts it where it must write it', () => {
    const never: ThpSettings = { ...strict, enabled: 'never' };
    const items = itemsWith(TABLE, [400, 400, 400, 400]);
    const now = adviceOf(items, never, 40 * 200);
    expect(now.set.map(({ path }) => path)).not.toContain(`${THP}/enabled`);
    expect(now.advised).toMatchObject({ settings: { enabled: 'never' }, cache: { moreGrowthPages: 0 } });
    // Before 6.8 the top level alone governs the PMD size, and files with it.
    const old = adviceOf(items, never, 40 * 200 + 4 * 112, 'linux-6.6');
    expect(old.set).toContainEqual({ path: `${THP}/enabled`, value: 'always' });
    expect(old.advised.cache?.moreGrowthPages).toBe(4 * 112);
    expect(adviceOf(items, never, 40 * 200 + 4 * 112 - 1, 'linux-6.6').leave).toBe(true);
    // Where nobody knows what is in force, all of it may come by the writes.
    const unknown = adviceOf(items, undefined, 40 * 200 + 4 * 112);
    expect(unknown.set).toContainEqual({ path: `${THP}/enabled`, value: 'always' });
    expect(unknown.advised.cache?.moreGrowthPages).toBe(4 * 112);
  });
});

describe('what is offered for shared memory', () => {
  const asked = { enabled: 'always', maxPtesNone: 511, maxPtesSwap: 64 } as const;
  const offerOf = (pages: readonly number[], top: ShmemWord, growthPages = 10_000, flags: string[] = []) => {
    const shmem: ShmemSettings = { enabled: top, sizes: new Map([[asOrder(9), 'inherit']]) };
    const { cache } = digestOf(itemsWith(BUFFERS, pages, flags), undefined);
    return shmemOffer(new CacheQuery(cache as CacheDigest, shmem, KERNEL_MODELS['linux-7.3']), asked, {
      growthPages,
      within: 0.01,
    });
  };

  test('is the file of the size with the narrowest word, what comes of it, and the way back', () => {
    const offer = offerOf([NR, 400, 0, 12], 'never');
    expect(offer?.set).toEqual([{ path: SIZE, value: 'within_size' }]);
    expect(offer?.restore).toEqual([{ path: SIZE, value: 'inherit' }]);
    const [{ kind, tally, now }] = offer?.kinds ?? [];
    expect([kind, tally.collapses, now.collapses]).toEqual(['shared-anonymous', 3, 0]);
    expect([tally.collapsedPages, tally.growthPages, tally.unmappedPages]).toEqual([924, 612, 924]);
    expect(offerOf([NR, 400, 0, 12], 'never', 10_000, ['hg'])?.set).toEqual([
      { path: SIZE, value: 'advise' },
    ]);
  });

  test('keeps the budget, and is nothing where it would bring nothing or somebody decided', () => {
    expect(offerOf([NR, 400, 0, 12], 'never', 611)).toBe(undefined);
    expect(offerOf([0, 0, 0, 0], 'never')).toBe(undefined);
    expect(offerOf([NR, 400, 0, 12], 'always')).toBe(undefined);
    expect(offerOf([NR, 400, 0, 12], 'deny')).toBe(undefined);
    const { cache } = digestOf(itemsWith(BUFFERS, [NR]), undefined);
    const unknown = new CacheQuery(cache as CacheDigest, undefined, KERNEL_MODELS['linux-7.3']);
    expect(shmemOffer(unknown, asked, { growthPages: 10_000, within: 0.01 })).toBe(undefined);
  });
});
