import { describe, expect, test } from 'vitest';
import { readScenario } from '../../src/cli/simulate/scenario-file.ts';
import type { Action, Scenario, Setting } from '../../src/simulation/scenario.ts';
import { lastSample, MIB, runScenario } from './scenarios.ts';

const PAGE = 4096;
const bytes = (pages: number) => pages * PAGE;

/** A built-in scenario, with other settings over its own. */
async function story(name: string, settings: Record<string, string> = {}): Promise<Scenario> {
  const read = await readScenario({ path: name, name });
  if (!read.ok) throw new Error(read.failure.message);
  const { scenario } = read.value;
  const more = Object.entries(settings).map(([file, value]): Setting => ({ file, value }));
  return { ...scenario, settings: [...scenario.settings, ...more] };
}

function setting(file: string, value: string): Action {
  return { do: 'set', setting: { file, value } };
}

const NONE_0 = { 'khugepaged/max_ptes_none': '0' };
const SMALL_SIZES = [16, 32, 64, 128, 256, 512, 1024];
const ALL_SIZES = Object.fromEntries(SMALL_SIZES.map((kb) => [`hugepages-${kb}kB/enabled`, 'always']));
const sum = (pages: readonly number[]) => pages.reduce((total, each) => total + each, 0);

describe('the built-in scenarios tell their stories', () => {
  test('go-heap: 511 takes back what was returned, 0 does not', async () => {
    const taken = lastSample(runScenario(await story('go-heap')));
    expect(bytes(taken.rssPages)).toBe(512 * MIB);
    expect(bytes(taken.filledPages)).toBeGreaterThan(350 * MIB);
    const left = lastSample(runScenario(await story('go-heap', NONE_0)));
    expect(bytes(left.rssPages)).toBeLessThan(140 * MIB);
    expect(left).toMatchObject({ filledPages: 0, collapses: 0 });
    expect(left.partlyMappedPages).toBeGreaterThan(left.rssPages);
  });

  test('redis-delete: RSS falls to a fifth and is back in ten minutes; not so with all sizes and 0', async () => {
    const report = runScenario(await story('redis-delete'));
    const rss = report.samples.map(({ rssPages }) => bytes(rssPages) / MIB);
    expect(Math.min(...rss.slice(rss.indexOf(Math.max(...rss))))).toBeLessThan(190);
    expect(rss[rss.length - 1]).toBe(768);
    expect(report.convergedNs).toBeLessThan(600e9);
    expect(lastSample(report).waits.count).toBeGreaterThan(0);
    const frugal = lastSample(runScenario(await story('redis-delete', { ...ALL_SIZES, ...NONE_0 })));
    expect(frugal.filledPages).toBe(0);
    expect(bytes(frugal.rssPages)).toBeLessThan(170 * MIB);
  });

  test('jvm-pretouch: page faults do it all', async () => {
    const last = lastSample(runScenario(await story('jvm-pretouch')));
    expect(last).toMatchObject({ attempts: 0, copiedPages: 0, writeLock: { count: 0 } });
    expect(bytes(last.pagesByOrder[9])).toBe(2048 * MIB);
  });

  test('postgres-buffers: RSS falls to nothing and comes back, the page cache grows; not so with advise', async () => {
    const scenario = await story('postgres-buffers');
    const report = runScenario(scenario);
    const files = report.samples.map(({ fileRssPages }) => bytes(fileRssPages) / MIB);
    const first = Math.max(...files.slice(0, files.length / 4));
    const lowest = Math.min(...files.slice(files.length / 4));
    expect(first).toBeGreaterThan(450);
    expect(lowest).toBe(0);
    const last = lastSample(report);
    expect(bytes(last.fileRssPages) / MIB).toBeGreaterThan(first);
    expect([last.cachePages, last.cacheHugePages].map((pages) => bytes(pages) / MIB)).toEqual([256, 256]);
    expect(bytes(last.cacheFilledPages) / MIB).toBeCloseTo(
      256 - bytes(report.samples[5].cachePages) / MIB,
      5,
    );
    // What is in the page cache is no anonymous memory, and the other way round.
    expect([bytes(sum(last.pagesByOrder)) / MIB, last.filledPages, last.collapses]).toEqual([8, 0, 128]);
    const events = scenario.events.map((each) =>
      each.action.do === 'set' ? { ...each, action: setting('shmem_enabled', 'advise') } : each,
    );
    const advised = lastSample(runScenario({ ...scenario, events }));
    expect([advised.collapses, advised.cacheHugePages]).toEqual([0, 0]);
    // Buffers that were mapped under never are not aligned.
    const never = lastSample(runScenario(await story('postgres-buffers', { shmem_enabled: 'never' })));
    expect([never.collapses, never.cacheHugePages]).toEqual([0, 0]);
  });

  test('forking-server: what was shared becomes private, unless max_ptes_shared is 0', async () => {
    const memory = (report: ReturnType<typeof runScenario>) =>
      bytes(sum(lastSample(report).pagesByOrder)) / MIB;
    const copied = memory(runScenario(await story('forking-server')));
    const shared = memory(runScenario(await story('forking-server', { 'khugepaged/max_ptes_shared': '0' })));
    expect(copied).toBeGreaterThan(1250);
    expect(shared).toBeLessThan(950);
  });

  test('mthp-only: each pass allocates, flushes and throws away a folio for every block', async () => {
    const report = runScenario(await story('mthp-only'));
    const blocks = (128 * MIB) / (64 * 1024);
    expect(lastSample(report)).toMatchObject({ collapses: blocks, filledPages: 0 });
    expect(report.steadyPass?.allocations[4]).toBe(blocks);
    expect(report.steadyPass).toMatchObject({ flushes: blocks, writeLockHolds: blocks, copiedPages: 0 });
    const pmd = { 'hugepages-64kB/enabled': 'never', 'hugepages-2048kB/enabled': 'madvise' };
    const calm = runScenario(await story('mthp-only', pmd)).steadyPass;
    expect(calm).toMatchObject({ flushes: 0, writeLockHolds: 0 });
  });

  test('fragmented-host: 2M cannot be had, smaller sizes can', async () => {
    const large = runScenario(await story('fragmented-host'));
    expect(lastSample(large).failures.SCAN_ALLOC_HUGE_PAGE_FAIL).toBeGreaterThan(100);
    expect(bytes(lastSample(large).pagesByOrder[0])).toBeGreaterThan(200 * MIB);
    const all = lastSample(runScenario(await story('fragmented-host', ALL_SIZES)));
    expect(bytes(all.pagesByOrder[0])).toBeLessThan(10 * MIB);
  });

  test('scaled-creep: climbs to ten times its RSS; Linux 7.2 does not', async () => {
    const scenario = await story('scaled-creep');
    const { creep, ...report } = runScenario(scenario);
    const [first] = report.samples;
    const last = report.samples[report.samples.length - 1];
    expect(last.rssPages / first.rssPages).toBeGreaterThan(9);
    expect(creep.ranges).toBe(32);
    expect(creep.worst?.steps.length).toBeGreaterThanOrEqual(5);
    expect(creep.recopiedPages).toBeGreaterThan(last.rssPages);
    const today = runScenario({ ...scenario, kernel: 'linux-7.2' });
    expect(today.creep.ranges).toBe(0);
    expect(lastSample(today).filledPages).toBe(0);
    expect(today.log.join()).toContain('max_ptes_none');
  });

  test('memcg-limit: khugepaged takes the room that the application needed', async () => {
    const report = runScenario(await story('memcg-limit'));
    expect(lastSample(report).failures.SCAN_CGROUP_CHARGE_FAIL).toBeGreaterThan(100);
    expect(report.incidents).toMatchObject([{ process: 'app', what: 'touch requests', stop: 'oom' }]);
    expect(bytes(lastSample(report).rssPages)).toBeGreaterThan(255 * MIB);
    const left = runScenario(await story('memcg-limit', NONE_0));
    expect(left.incidents[0]?.at ?? Number.POSITIVE_INFINITY).toBeGreaterThan(report.incidents[0].at);
  });

  test('swap-pressure: what was swapped out comes back, or with max_ptes_swap 0 stays', async () => {
    const back = lastSample(runScenario(await story('swap-pressure')));
    expect(back.swappedInPages).toBeGreaterThan(3000);
    expect(back.swapPages).toBeLessThan(200);
    const out = lastSample(runScenario(await story('swap-pressure', { 'khugepaged/max_ptes_swap': '0' })));
    expect(out).toMatchObject({ swappedInPages: 0, collapses: 0 });
    expect(out.swapPages).toBeGreaterThan(3000);
  });

  test('short-lived: few ranges are reached in time, and what is done is lost', async () => {
    const report = runScenario(await story('short-lived'));
    const { collapses, rssPages, copiedPages } = lastSample(report);
    expect(collapses / (120 * 12)).toBeLessThan(0.2);
    expect(copiedPages).toBeGreaterThan(0);
    expect(rssPages).toBe(1);
    expect(report.processes.filter(({ exited }) => exited)).toHaveLength(120);
    expect(report.steadyPass).toBeUndefined();
  });

  test('steady-heap: eight ranges every ten seconds, here on a heap of 2G; test/cli runs all 64G', async () => {
    const scenario = await story('steady-heap');
    const smaller = (size: number) => (size > 2048 * MIB ? size - 62 * 1024 * MIB : size);
    const report = runScenario({
      ...scenario,
      machine: { ...scenario.machine, memoryBytes: 3072 * MIB },
      processes: scenario.processes.map((process) => ({
        ...process,
        mappings: process.mappings.map((mapping) => ({ ...mapping, bytes: smaller(mapping.bytes) })),
      })),
      events: scenario.events.map((event) =>
        'pages' in event.action
          ? {
              ...event,
              action: {
                ...event.action,
                pages: {
                  ...event.action.pages,
                  from: smaller(event.action.pages.from),
                  bytes: smaller(event.action.pages.bytes),
                },
              },
            }
          : event,
      ),
    });
    expect(report.convergedNs / 1e9).toBeCloseTo((1024 / 8) * 10, -2);
    expect(lastSample(report)).toMatchObject({ filledPages: 0, collapses: 1023 });
  });

  test('underused: pressure takes huge pages of zeros apart below 511, and never at 511', async () => {
    const scenario = await story('underused');
    const report = runScenario(scenario);
    const at = (seconds: number) => report.samples.filter((sample) => sample.at <= seconds * 1e9).at(-1);
    expect(bytes(at(89)?.pagesByOrder[9] ?? 0)).toBe(600 * MIB);
    expect(report.incidents).toEqual([]);
    expect(lastSample(report).swapPages).toBe(0);
    expect(bytes(lastSample(report).pagesByOrder[9])).toBeLessThan(400 * MIB);
    const events = scenario.events.filter(({ action }) => action.do !== 'set');
    const kept = runScenario({ ...scenario, events });
    expect(bytes(lastSample(kept).swapPages)).toBeGreaterThan(60 * MIB);
    expect(kept.incidents).toMatchObject([{ process: 'other', stop: 'oom' }]);
    const off = runScenario({
      ...scenario,
      settings: [...scenario.settings, { file: 'shrink_underused', value: '0' }],
    });
    expect(off.incidents).toMatchObject([{ process: 'other', stop: 'oom' }]);
  });

  test('settings-change: settings hold from the next decision on', async () => {
    const report = runScenario(await story('settings-change'));
    const at = (seconds: number) => report.samples.filter((sample) => sample.at <= seconds * 1e9).at(-1);
    expect(at(299)?.filledPages).toBeGreaterThan(30_000);
    expect(at(599)?.filledPages).toBe(at(301)?.filledPages);
    expect(lastSample(report).filledPages).toBe(at(301)?.filledPages);
    expect(report.convergedNs / 1e9).toBeGreaterThan(600);
    expect(report.convergedNs / 1e9).toBeLessThan(660);
    expect(lastSample(report).pagesByOrder[0]).toBe(0);
  });
});
