import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addCacheDigest,
  askCacheDigest,
  emptyCacheDigest,
} from '../../../src/analysis/cache/cache-digest.ts';
import { CacheDigestBuilder } from '../../../src/analysis/cache/cache-digest-builder.ts';
import { cacheDigestJson, cacheDigestOfJson } from '../../../src/analysis/cache/cache-digest-json.ts';
import { addCacheTally } from '../../../src/analysis/cache/cache-tally.ts';
import { DigestCollector } from '../../../src/analysis/digest/digest-collector.ts';
import { predictMemory } from '../../../src/analysis/prediction/prediction.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../../src/core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../../src/core/search/algorithms.ts';
import { processItem, streamOf, vmaItem } from '../streams.ts';
import { arbitraryCache, arbitraryGoverning, SMALL } from './arbitrary-cache.ts';

function digestOf(items: readonly MemoryItem[]) {
  const collector = new DigestCollector(SMALL, 1, { cache: new CacheDigestBuilder(SMALL) });
  for (const item of items) collector.add(item);
  collector.finish();
  return collector.finishCache();
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not known');
  return value;
}

type Asked = typeof arbitraryGoverning extends fc.Arbitrary<infer T> ? T : never;

async function predicted(items: readonly MemoryItem[], { settings, shmem, model, limits }: Asked) {
  const { cache } = await predictMemory(streamOf(items), SMALL, {
    settings: { ...defaultSettings(SMALL), ...settings, ...limits },
    shmem,
    model: { ...KERNEL_MODELS['linux-7.3'], ...model },
    algorithm: ALGORITHMS.walk,
    outcomes: [],
  });
  return cache;
}

describe('the digest of the page cache', () => {
  test('answers for any settings as the prediction of the ranges does, from a file too', async () => {
    let collapses = 0;
    let ignored = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryCache, arbitraryGoverning, async (items, asked) => {
        const cache = await predicted(items, asked);
        const digest = digestOf(items);
        expect(digest === undefined).toBe(cache === undefined);
        if (!digest || !cache) return;
        expect(askCacheDigest(digest, asked, asked.limits)).toEqual(cache.byKind);
        const files = [...digest.files].map(([kind, count]) => Array(count).fill(kind));
        expect(files.flat().sort()).toEqual(cache.files.map(({ file }) => file.kind).sort());
        const unread = [...digest.unread.values()];
        expect(unread.reduce((sum, each) => sum + each.files, 0)).toBe(cache.unread.length);
        const stored = cacheDigestOfJson(JSON.parse(JSON.stringify(cacheDigestJson(digest))), SMALL);
        expect(stored).toEqual({ ok: true, value: digest });
        for (const tally of cache.byKind.values()) {
          collapses += tally.collapses;
          ignored += tally.refused.get('settings')?.ranges ?? 0;
        }
      }),
      { numRuns: 400 },
    );
    expect(collapses).toBeGreaterThan(50);
    expect(ignored).toBeGreaterThan(50);
  });

  test('adds up over machines', () => {
    fc.assert(
      fc.property(arbitraryCache, arbitraryCache, arbitraryGoverning, (one, other, asked) => {
        const [a, b] = [one, other].map(digestOf);
        if (!a || !b) return;
        const sum = emptyCacheDigest(SMALL);
        for (const each of [a, b]) addCacheDigest(sum, each);
        const answers = [a, b].map((each) => askCacheDigest(each, asked, asked.limits));
        for (const [kind, tally] of askCacheDigest(sum, asked, asked.limits)) {
          const [first, second] = answers.flatMap((byKind) => byKind.get(kind) ?? []);
          if (second) addCacheTally(first, second);
          expect(tally).toEqual(first);
        }
        expect(cacheDigestJson(a)).toEqual(cacheDigestJson(known(digestOf(one))));
      }),
      { numRuns: 100 },
    );
  });

  test('is not known where no VMA says what it maps', () => {
    expect(digestOf([processItem(1), vmaItem({ anonymous: false })])).toBe(undefined);
  });

  test('is refused where its numbers contradict each other', () => {
    interface GroupText {
      ranges: number;
      ignored: Record<string, string[]>;
      rows: Record<string, number[][]>;
    }
    const [items] = fc.sample(
      arbitraryCache.filter((each) => (digestOf(each)?.groups.values().next().value?.rows.size ?? 0) > 0),
      { numRuns: 1, seed: 1 },
    );
    const read = (change: (first: GroupText, groups: GroupText[]) => unknown) => {
      const json = JSON.parse(JSON.stringify(cacheDigestJson(known(digestOf(items)))));
      change(json.groups[0], json.groups);
      const digest = cacheDigestOfJson(json, SMALL);
      return digest.ok ? undefined : digest.failure.message;
    };
    const rowsOf = ({ rows }: GroupText) => Object.values(rows)[0];
    const ignore = (why: string, name: string) => (first: GroupText) => {
      first.ignored = { [why]: [name] };
    };
    expect(read(() => 0)).toBe(undefined);
    expect(read((first) => first.ranges++)).toMatch(/ranges and pages are not those of its rows/);
    expect(read((first) => rowsOf(first).push(rowsOf(first)[0]))).toMatch(/twice there is row/);
    expect(read((first) => rowsOf(first)[0].splice(0, 1, 17))).toMatch(/no range is in row/);
    expect(read((first, groups) => groups.push(first))).toMatch(/is there twice/);
    expect(read(ignore('settings', 'sometimes'))).toMatch(/no settings are called 'sometimes'/);
    expect(read(ignore('prctl', '*'))).toMatch(/no settings look at it/);
  });
});
