import { describe, expect, test } from 'vitest';
import { pageRunsOf, randomOf } from '../../src/simulation/page-choice.ts';
import { checkMachine } from '../support/machine/check.ts';
import { event, lastSample, MIB, onPages, runScenario, S, small, stageOf, wantHuge } from './scenarios.ts';

const NONE = { file: 'enabled', value: 'never' };
const RANGE = 512;

describe('pages are chosen', () => {
  const mapping = { start: 2 * MIB, end: 18 * MIB };
  const choice = {
    mapping: 'heap',
    from: 0,
    bytes: Number.POSITIVE_INFINITY,
    density: 0.25,
    block: 16384,
    seed: undefined,
  };
  const runs = (change: Partial<typeof choice>, seed = 1) => [
    ...pageRunsOf({ ...choice, ...change }, mapping, 4096, randomOf(seed, undefined, [0])),
  ];

  test('all in one run, within the mapping', () => {
    expect(runs({ density: 1 })).toEqual([mapping]);
    expect(runs({ density: 1, from: MIB, bytes: 8192 })).toEqual([{ start: 3 * MIB, end: 3 * MIB + 8192 }]);
    expect(runs({ density: 1, from: 15 * MIB, bytes: 4 * MIB })).toEqual([
      { start: 17 * MIB, end: 18 * MIB },
    ]);
    expect(runs({ density: 0 })).toEqual([]);
  });

  test('in whole blocks, about as many as the density says', () => {
    const chosen = runs({});
    for (const { start, end } of chosen) expect([start % 16384, end % 16384]).toEqual([0, 0]);
    const share = chosen.reduce((sum, { start, end }) => sum + end - start, 0) / (16 * MIB);
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
  });

  test('by seed and action, or by a seed of their own', () => {
    expect(runs({})).toEqual(runs({}));
    expect(runs({}, 2)).not.toEqual(runs({}));
    const fixed = (action: number) => [...pageRunsOf(choice, mapping, 4096, randomOf(1, 7, [action]))];
    expect(fixed(1)).toEqual(fixed(2));
  });
});

describe('events', () => {
  test('happen in the order of the file, at their times', () => {
    const report = runScenario(
      small(
        [
          event(0, onPages('touch')),
          event(0, onPages('dontneed', { from: 8 * MIB })),
          event(5 * S, onPages('touch')),
        ],
        {
          settings: [NONE],
          until: 10 * S,
        },
      ),
    );
    expect(report.samples[0].rssPages).toBe(4 * RANGE);
    expect(lastSample(report).rssPages).toBe(8 * RANGE);
  });

  test('are spread over time', () => {
    const { samples } = runScenario(
      small([event(S, onPages('touch', {}, 8 * S))], { settings: [NONE], until: 10 * S }),
    );
    const rssAt = (seconds: number) => samples.filter(({ at }) => at <= seconds * S).at(-1)?.rssPages;
    expect([0.5, 1.5, 4.5, 8.5, 10].map(rssAt)).toEqual([0, RANGE, 4 * RANGE, 8 * RANGE, 8 * RANGE]);
  });

  test('happen again, each time to other pages', () => {
    const again = { ...event(0, onPages('touch', { density: 0.1 })), times: 3, every: S };
    const { samples } = runScenario(small([again], { settings: [NONE], until: 4 * S }));
    const [first] = samples;
    expect(first.rssPages).toBeGreaterThan(300);
    expect(samples[samples.length - 1].rssPages).toBeGreaterThan(2 * first.rssPages);
  });

  test('of a name are done by all that bear it, also by children of children', () => {
    const fork = (at: number, parent: string) => event(at, { do: 'fork', child: 'c', does: [] }, parent);
    const host = stageOf(
      small(
        [event(0, onPages('touch')), fork(S, 'p'), fork(2 * S, 'c'), event(3 * S, onPages('dontneed'), 'c')],
        {
          settings: [NONE],
        },
      ),
    );
    host.daemon.runUntil(4 * S);
    expect(host.processes.map(({ name, mm }) => [name, mm.rssPages])).toEqual([
      ['p', 8 * RANGE],
      ['c', 0],
      ['c', 0],
    ]);
    expect(checkMachine(host.system.machine)).toEqual([]);
  });

  test('of a child begin at its fork, and end with its exit', () => {
    const does = [
      { at: S, action: onPages('touch') },
      { at: 3 * S, action: { do: 'exit' } as const },
      { at: 4 * S, action: onPages('touch') },
    ];
    const { samples, processes } = runScenario(
      small([event(10 * S, { do: 'fork', child: 'c', does })], { settings: [NONE], until: 20 * S }),
    );
    expect(processes).toMatchObject([
      { name: 'p', exited: false },
      { name: 'c', exited: true },
    ]);
    expect(Math.max(...samples.map(({ rssPages }) => rssPages))).toBe(8 * RANGE);
    expect(samples[samples.length - 1].rssPages).toBe(0);
  });

  test('that find no memory are reported once, with how often', () => {
    const touch = { ...event(S, onPages('touch')), times: 2, every: S };
    const { processes } = small([]);
    const limited = processes.map((process) => ({ ...process, memoryMax: 8 * MIB }));
    const report = runScenario(small([touch], { processes: limited, until: 5 * S }));
    expect(report.incidents).toEqual([
      { at: S, process: 'p', what: 'touch heap', stop: 'oom', times: expect.any(Number) },
    ]);
    expect(lastSample(report).rssPages).toBeLessThanOrEqual(4 * RANGE);
  });

  test('of every kind leave the machine sound', () => {
    const kinds = ['touch', 'read', 'dontneed', 'free', 'pageout', 'age', 'pin'] as const;
    const events = [event(0, onPages('touch')), event(S, wantHuge)];
    for (let i = 0; i < 36; i++) {
      events.push(event((2 + i) * S, onPages(kinds[i % 6], { density: 0.3, block: 65536 }, i % 2 ? S : 0)));
      if (i % 15 === 0) events.push(event((2.5 + i) * S, { do: 'fork', child: 'c', does: [] }));
    }
    events.push(event(45 * S, onPages('pin', { density: 0.1 })), event(50 * S, { do: 'exit' }, 'c'));
    const machine = { ...small([]).machine, memoryBytes: 80 * MIB, swapBytes: 32 * MIB };
    const settings = [
      { file: 'enabled', value: 'always' },
      { file: 'hugepages-64kB/enabled', value: 'always' },
      { file: 'khugepaged/scan_sleep_millisecs', value: '100' },
    ];
    for (let seed = 0; seed < 2; seed++) {
      const report = runScenario(small(events, { machine, settings, until: 60 * S }), seed);
      expect(lastSample(report).collapses).toBeGreaterThan(0);
    }
  });
});
