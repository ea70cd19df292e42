import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { candidateBatches } from '../../src/analysis/apply/collapse-candidates.ts';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { type DigestJson, digestJson, digestOfJson } from '../../src/analysis/digest/digest-json.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import { machinePages, type SourceDigest, totalDigest } from '../../src/analysis/digest/memory-digest.ts';
import { policyWorthOf, type RestartWorth } from '../../src/analysis/digest/policy-worth.ts';
import { machineGrowthOf, machinePagesOf, machineRestartOf } from '../../src/analysis/ranges/tally.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { setPages } from '../../src/core/memory/occupancy.ts';
import type { SharedRun } from '../../src/core/memory/shared-runs.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { hugepagePolicy } from '../../src/core/rules/thp-settings.ts';
import { predictHead, predictTail } from '../../src/render/json/predict.ts';
import { occupancies } from '../core/arbitraries.ts';
import { rangeOf, valueOf } from '../support/ranges.ts';
import { ZEN } from '../support/reach.ts';
import '../support/seed.ts';
import { expectSchema } from '../support/schemas.ts';
import { predictItems, processItem, rangesItem, runPolicyOf, streamOf, vmaItem } from './streams.ts';

const KNOWN = {
  swap: '',
  zero: '',
  unreferenced: '',
  pinned: '',
  lazyfree: '',
  locked: '',
  uffd: '',
  guard: '',
};

/** n processes that share 100 pages of a range and have 60 more of their own. */
function sharers(count: number, mappings = count): MemoryItem[] {
  return Array.from({ length: count }, (_, i) => {
    const runs: SharedRun[] = [{ offset: 100, pages: 100, id: 1, mappings, repeats: i > 0 }];
    const range = { ...rangeOf({ ...KNOWN, present: '40-199', shared: '100-199' }), sharedRuns: runs };
    return [processItem(i + 1), vmaItem({ flags: ['hg'] }), rangesItem(range)];
  }).flat();
}

const EVERYTHING = { orders: '9', maxPtesNone: 511 };

describe('memory of the machine', () => {
  test('counts pages once that several processes of a source share', async () => {
    const { total, processes } = await predictItems(sharers(3), EVERYTHING);
    expect(total.residentPages).toBe(3 * 160);
    expect(machinePagesOf(total)).toBe(3 * 60 + 100);
    expect(processes.map(({ tally }) => machinePagesOf(tally))).toEqual([160, 60, 60]);
  });

  test.each([2, 3, 7])('grows by n - 1 copies where all of %i sharers collapse', async (n) => {
    const { total } = await predictItems(sharers(n), EVERYTHING);
    expect(machineGrowthOf(total)).toBe(n * (512 - 160) + (n - 1) * 100);
    expect(n * 60 + 100 + machineGrowthOf(total)).toBe(n * 512);
  });

  test('keeps the originals where somebody else has them', async () => {
    const { total } = await predictItems(sharers(3, 4), EVERYTHING);
    expect(machineGrowthOf(total)).toBe(3 * (512 - 160) + 3 * 100);
  });

  test('after a restart holds what the first of a family touches once', async () => {
    const { total, processes } = await predictItems(sharers(3), { orders: '9', maxPtesNone: 0 });
    // Each process maps a whole 2M; the machine has one, and what the others wrote to since, page by page.
    expect(processes.map(({ tally }) => tally.restart.pagesByOrder[9])).toEqual([512, 512, 512]);
    const { pagesByOrder } = machineRestartOf(total);
    expect([pagesByOrder[9], pagesByOrder[0]]).toEqual([512, 120]);
  });

  test('after a restart has folios for what the children touch apart from the shared pages', async () => {
    const { total } = await predictItems(sharers(2), { orders: '5', maxPtesNone: 0 });
    const { pagesByOrder } = machineRestartOf(total);
    // Pages 40 to 199 lie in six windows of 32 pages; of the child's 40 to 95 in two, 96 to 99 in none.
    expect([pagesByOrder[5], pagesByOrder[0]]).toEqual([6 * 32 + 2 * 32, 4]);
  });

  test('is what a percentage of growth of `apply --collapse` is of', async () => {
    const host = {
      name: '',
      kernelRelease: '7.2.0',
      time: '',
      geometry: x86_64,
      settings: undefined,
      bootId: '',
    };
    let pages = 0;
    for await (const batch of candidateBatches(streamOf(sharers(3)), runPolicyOf(EVERYTHING), host))
      pages += batch.residentPages;
    expect(pages).toBe(3 * 60 + 100);
  });

  test('is said in JSON, as an assumption where the source does not tell', async () => {
    const surroundings = { kernelRelease: '7.2.0', settings: undefined };
    const known = await predictItems(sharers(2), EVERYTHING, { surroundings });
    const unknown = await predictItems(
      sharers(2).map((item) =>
        item.kind === 'ranges'
          ? { ...item, ranges: item.ranges.map((range) => ({ ...range, sharedRuns: undefined })) }
          : item,
      ),
      EVERYTHING,
      { surroundings },
    );
    const policy = {
      ...hugepagePolicy(runPolicyOf(EVERYTHING), x86_64),
      algorithm: runPolicyOf(EVERYTHING).algorithm,
    };
    for (const prediction of [known, unknown])
      expectSchema('predict', {
        ...predictHead(policy),
        ranges: [],
        ...predictTail(prediction, policy, ZEN),
      });
    expect(predictTail(known, policy, ZEN)).toMatchObject({
      machine: { residentPages: 220, repeatedPages: 100, growthPages: 704 + 100 },
    });
    expect(known.processes.flatMap(({ assumed }) => assumed)).not.toContain('sharing');
    expect(unknown.processes.map(({ assumed }) => assumed.includes('sharing'))).toEqual([true, true]);
    expect(machinePagesOf(unknown.total)).toBe(320);
  });
});

function digestOf(items: readonly MemoryItem[]): SourceDigest {
  const collector = new DigestCollector(x86_64, ZEN.pages);
  for (const item of items) collector.add(item);
  const host = {
    kernelRelease: '7.3.4',
    time: '2026-01-01T00:00:00Z',
    geometry: x86_64,
    settings: undefined,
  };
  return { host, reach: ZEN, processes: collector.finish(), skipped: [], notes: [] };
}

/** The same in a file, whose JSON `change` makes another. */
function readBack(digest: SourceDigest, change: (json: DigestJson) => DigestJson = (json) => json) {
  return digestOfJson(change(JSON.parse(JSON.stringify(digestJson(digest)))));
}

/** As a thpscope before wrote it. */
const ofVersion6 = (json: DigestJson) =>
  ({
    ...json,
    schema: 'thpscope/digest@6',
    processes: json.processes.map((each) => ({ ...each, repeated: undefined })),
  }) as DigestJson;

function restartOf(digest: SourceDigest, text: typeof EVERYTHING): RestartWorth {
  const { settings, model } = runPolicyOf(text);
  const { restart } = policyWorthOf(new DigestQuery(totalDigest(digest)), settings, model);
  if (!restart) throw new Error('this version knows restarts');
  return restart;
}

describe('a digest', () => {
  /** A family whose VMA begins and ends anywhere: the first has the shared pages, the others repeat them. */
  const families = fc
    .record({
      present: fc.array(occupancies(x86_64), { minLength: 2, maxLength: 4 }),
      runs: fc.array(fc.tuple(fc.nat(511), fc.integer({ min: 1, max: 200 })), { minLength: 1, maxLength: 3 }),
      edges: fc.tuple(fc.nat(40), fc.nat(40)),
      flags: fc.constantFrom([], ['hg'], ['nh']),
    })
    .map(({ present, runs, edges, flags }): MemoryItem[] =>
      present.flatMap((own, i) => {
        const [first, last] = [edges[0], 512 - edges[1]];
        const pages = own.slice();
        const shared = new Uint32Array(16);
        const sharedRuns: SharedRun[] = [];
        for (const [at, [offset, length]] of runs.entries()) {
          const start = Math.max(first, offset);
          const end = Math.min(last, offset + length);
          if (start >= end || sharedRuns.some((run) => run.offset < end && start < run.offset + run.pages))
            continue;
          sharedRuns.push({
            offset: start,
            pages: end - start,
            id: 1 + 1000 * at,
            mappings: 9,
            repeats: i > 0,
          });
          for (const each of [pages, shared]) setPages(each, start, end - start);
        }
        for (let page = 0; page < 512; page++)
          if (page < first || page >= last) pages[page >>> 5] &= ~(1 << (page & 31));
        const range = rangeOf({ ...KNOWN, present: '' });
        const facts = { ...range.facts, present: pages, shared };
        return [
          processItem(i + 1),
          vmaItem({ start: first * 4096, end: last * 4096, flags }),
          rangesItem({ ...range, facts, sharedRuns }),
        ];
      }),
    );

  test('says of the machine what the memory says', async () => {
    await fc.assert(
      fc.asyncProperty(families, fc.constantFrom('9', '5', '2-9', '2-4'), async (items, orders) => {
        const text = { orders, maxPtesNone: 511 };
        const { total } = await predictItems(items, text);
        for (const digest of [digestOf(items), valueOf(readBack(digestOf(items)))]) {
          expect(machinePages(totalDigest(digest))).toBe(machinePagesOf(total));
          const restart = restartOf(digest, text);
          expect(restart.counts).toEqual(total.restart);
          expect(restart.machineCounts).toEqual(machineRestartOf(total));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('of a restart says the growth of the machine: the shared pages fill their folios once', () => {
    // Each child has 60 pages of its own, in what the shared folio leaves no window of 2M for.
    expect(restartOf(digestOf(sharers(31)), EVERYTHING).growthPages).toBe(512 - 160);
  });

  test('of version 6 counts in each process what they share, and knows that it does', () => {
    const old = valueOf(readBack(digestOf(sharers(3)), ofVersion6));
    expect(totalDigest(old).repeated).toBeUndefined();
    expect(machinePages(totalDigest(old))).toBe(3 * 160);
    expect(restartOf(old, EVERYTHING).growthPages).toBe(3 * (512 - 160));
  });

  test('of version 6 without shared pages knows all there is', () => {
    const alone = sharers(2).map((item) =>
      item.kind === 'ranges' ? rangesItem(rangeOf({ ...KNOWN, shared: '', present: '40-199' })) : item,
    );
    expect(totalDigest(valueOf(readBack(digestOf(alone), ofVersion6))).repeated?.pages).toBe(0);
  });

  test.each([
    ['more pages than are resident', (pages: number) => pages + 100],
    ['fewer pages than at a restart', (pages: number) => pages - 1],
  ])('is refused where it repeats %s', (_, change) => {
    const read = readBack(digestOf(sharers(2)), (json) => ({
      ...json,
      processes: json.processes.map((each) =>
        each.repeated?.pages ? { ...each, repeated: { ...each.repeated, pages: change(100) } } : each,
      ),
    }));
    expect(!read.ok && read.failure.message).toMatch(/it repeats/);
  });
});
