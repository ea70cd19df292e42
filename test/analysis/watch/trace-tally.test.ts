import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timedSizes, WorkTiming } from '../../../src/analysis/watch/timing.ts';
import { TraceTally } from '../../../src/analysis/watch/trace-tally.ts';
import type { CollapseEvent } from '../../../src/core/rules/collapse-events.ts';

const DAEMON = 38;

let clock = 0;
const at = (task = DAEMON) => ({ atNs: (clock += 10), task });
const scan = (mm: number, status: string, task = DAEMON): CollapseEvent => ({
  kind: 'scan',
  ...at(task),
  mm,
  status,
  noneOrZero: 0,
});
const attempt = (mm: number, status: string, order?: number, task = DAEMON): CollapseEvent => ({
  kind: 'attempt',
  ...at(task),
  mm,
  status,
  order,
});

function tallyOf(events: readonly CollapseEvent[]): TraceTally {
  const tally = new TraceTally(9);
  for (const event of events) tally.add(event, DAEMON);
  return tally;
}

describe('what trace events add up to', () => {
  test('attempts by size and result; ranges that ended in the scan apart', () => {
    const { total, spaces, place } = tallyOf([
      scan(1, 'page_pmd_mapped'),
      attempt(1, 'succeeded', 4),
      attempt(1, 'exceed_shared_pte', 4),
      attempt(1, 'succeeded', 2),
      scan(1, 'succeeded'),
      attempt(2, 'not_suitable_page_count'),
      scan(2, 'not_suitable_page_count'),
      scan(2, 'pmd_none'),
    ]);
    expect(total).toEqual({
      events: 8,
      scanned: 4,
      scannedByOthers: 0,
      refused: new Map([
        ['SCAN_PMD_MAPPED', 1],
        ['SCAN_PMD_NONE', 1],
      ]),
      attempts: new Map([
        [4, { succeeded: 1, failed: new Map([['SCAN_EXCEED_SHARED_PTE', 1]]) }],
        [2, { succeeded: 1, failed: new Map() }],
        [9, { succeeded: 0, failed: new Map([['SCAN_PAGE_COUNT', 1]]) }],
      ]),
      swappedIn: 0,
    });
    expect(spaces.get(1)).toEqual({ scanned: 2, collapsed: 2, failed: 1 });
    expect(place).toBe(2);
  });

  test('what others do in between is told from khugepaged, and its attempts from theirs', () => {
    const { total, place } = tallyOf([
      attempt(1, 'succeeded'),
      attempt(5, 'page_locked', undefined, 77),
      scan(1, 'succeeded'),
      scan(5, 'page_locked', 77),
      scan(5, 'page_pmd_mapped', 77),
    ]);
    expect(total).toMatchObject({
      scanned: 1,
      scannedByOthers: 2,
      refused: new Map([['SCAN_PMD_MAPPED', 1]]),
    });
    expect(place).toBe(1);
  });

  test('the sums of intervals are those since the start', () => {
    const event = fc.oneof(
      fc.constantFrom('succeeded', 'pmd_none').map((status) => (mm: number) => scan(mm, status)),
      fc.constantFrom('succeeded', 'failed').map((status) => (mm: number) => attempt(mm, status, 4)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(3), fc.boolean())), (made) => {
        const tally = new TraceTally(9);
        const sums = { events: 0, scanned: 0, succeeded: 0 };
        const take = () => {
          const { events, scanned, attempts } = tally.takeInterval();
          sums.events += events;
          sums.scanned += scanned;
          sums.succeeded += attempts.get(4)?.succeeded ?? 0;
        };
        for (const [make, mm, ends] of made) {
          tally.add(make(mm), DAEMON);
          if (ends) take();
        }
        take();
        const { total } = tally;
        expect(sums).toEqual({
          events: made.length,
          scanned: total.scanned,
          succeeded: total.attempts.get(4)?.succeeded ?? 0,
        });
      }),
    );
  });
});

/** Events of the mmap lock at times, as "wait 10", "held 12", "hold-write 14". */
function events(lines: string): CollapseEvent[] {
  return lines.split(';').map((text): CollapseEvent => {
    const [time, word, ...more] = text.trim().split(' ');
    const base = { atNs: Number(time), task: DAEMON, mm: 7 };
    switch (word) {
      case 'isolate':
        return {
          ...base,
          kind: 'isolate',
          status: 'succeeded',
          noneOrZero: Number(more[0]),
          order: undefined,
        };
      case 'attempt':
        return { ...base, kind: 'attempt', status: more[0], order: more[1] ? Number(more[1]) : undefined };
      case 'scan':
        return { ...base, kind: 'scan', status: more[0], noneOrZero: 0 };
      case 'swapin':
        return { ...base, kind: 'swapin', swappedIn: Number(more[0]) };
      default:
        return { ...base, kind: 'lock', step: word as 'wait', isWrite: more[0] === 'w' };
    }
  });
}

function timingOf(lines: string): WorkTiming {
  const timing = new WorkTiming(9);
  for (const event of events(lines)) timing.add(event);
  return timing;
}

/** Of a collapse: a scan of 100 ns, and 1000 ns of which 60 were waiting. */
const COLLAPSE =
  '0 wait; 5 held; 105 released; 200 wait; 210 held; 220 released; 300 wait w; 350 held w; 600 isolate 112; ' +
  '1100 released w; 1105 attempt succeeded; 1106 scan succeeded';

describe('how long work took', () => {
  test('a scan from the lock to its release, a collapse from there to its end without waiting', () => {
    const { scansNs, collapses } = timingOf(COLLAPSE);
    expect(scansNs).toEqual([100]);
    expect(collapses).toEqual([{ order: 9, pages: 400, ns: 940 }]);
  });

  test('a scan after another one under the same lock begins where that ended', () => {
    const { scansNs } = timingOf(COLLAPSE.replace('5 held;', '-500 held; 5 scan page_pmd_mapped;'));
    expect(scansNs).toEqual([100]);
  });

  test('the next attempt of the same range begins at the end of the one before', () => {
    const more =
      '1105 attempt succeeded 9; 1200 wait; 1200 held; 1210 released; 1300 wait w; 1305 held w; 1310 isolate 2; ' +
      '1400 released w; 1405 attempt succeeded 4; 1406 scan succeeded';
    const { collapses, scansNs } = timingOf(COLLAPSE.replace(/1105.*/, more));
    expect(scansNs.length).toBe(1);
    expect(collapses[1]).toEqual({ order: 4, pages: 14, ns: 295 });
    expect(timedSizes(collapses).map(({ order, count }) => [order, count])).toEqual([
      [4, 1],
      [9, 1],
    ]);
  });

  test.each([
    ['fails', COLLAPSE.replace('attempt succeeded', 'attempt page_locked')],
    ['reads from swap', COLLAPSE.replace('600 isolate', '590 swapin 3; 600 isolate')],
    ['is begun before the trace', COLLAPSE.replace('0 wait; 5 held; 105 released; ', '')],
  ])('a collapse that %s is not timed', (_, lines) => {
    const { collapses, scansNs } = timingOf(lines);
    expect({ collapses, scansNs }).toEqual({ collapses: [], scansNs: [] });
  });

  test('after lost events nothing is timed that was begun before them', () => {
    const timing = new WorkTiming(9);
    for (const [i, event] of events(COLLAPSE).entries()) {
      if (i === 6) timing.skip();
      timing.add(event);
    }
    expect(timing.collapses).toEqual([]);
  });
});
