import { describe, expect, test } from 'vitest';
import { liveJson } from '../../src/cli/conform/json.ts';
import { describeUnexplained, liveTable } from '../../src/cli/conform/live-table.ts';
import type { Guest } from '../../src/conform/guest/guest.ts';
import { type LiveCase, outcomeOf, predictedPages } from '../../src/conform/live/live-case.ts';
import { LIVE_POLICIES } from '../../src/conform/live/live-states.ts';
import { runLive } from '../../src/conform/live/live-suite.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { KERNEL } from './fake-guest.ts';

const SMALL = '0'.repeat(512);
const HUGE = '9'.repeat(512);

function liveCase(change: Partial<LiveCase>): LiveCase {
  const collapses = [{ offset: 0, order: 9 }];
  const predicted = [{ attempts: [{ offset: 0, order: 9, result: 'SCAN_SUCCEED' }], collapses }];
  return {
    state: 'plain-full',
    policy: 'some',
    before: [SMALL],
    predicted,
    real: [HUGE],
    assumed: [],
    skipped: undefined,
    ...change,
  };
}

describe('a case', () => {
  test('agrees folio for folio', () => {
    expect(outcomeOf(liveCase({}))).toEqual({ kind: 'agrees' });
    expect(outcomeOf(liveCase({ predicted: [undefined], real: [SMALL] }))).toEqual({ kind: 'agrees' });
    expect(outcomeOf(liveCase({ real: [`4${HUGE.slice(1)}`] }))).toEqual({ kind: 'unexplained' });
  });

  test('is explained by the fact of its state, if the prediction of the process named it', () => {
    const pinned = { state: 'pinned-for-long-by-user', real: [SMALL] };
    expect(outcomeOf(liveCase({ ...pinned, assumed: ['pins'] }))).toEqual({ kind: 'assumed', fact: 'pins' });
    expect(outcomeOf(liveCase({ ...pinned, assumed: ['registration'] }))).toEqual({ kind: 'unexplained' });
    expect(outcomeOf(liveCase({ real: [SMALL], assumed: ['pins'] }))).toEqual({ kind: 'unexplained' });
  });

  test('may collapse later what the first pass left for pages in a batch, and nothing else', () => {
    const late = (result: string) => [
      { attempts: [{ offset: 8, order: 3, result }], collapses: [{ offset: 0, order: 3 }] },
    ];
    const real = ['3'.repeat(16) + SMALL.slice(16)];
    expect(outcomeOf(liveCase({ predicted: late('SCAN_PAGE_COUNT'), real }))).toEqual({ kind: 'later pass' });
    expect(outcomeOf(liveCase({ predicted: late('SCAN_EXCEED_NONE_PTE'), real }))).toEqual({
      kind: 'unexplained',
    });
    const more = ['3'.repeat(24) + SMALL.slice(24)];
    expect(outcomeOf(liveCase({ predicted: late('SCAN_PAGE_COUNT'), real: more }))).toEqual({
      kind: 'unexplained',
    });
  });
});

test('the table counts policies by state, and names assumptions', () => {
  const cases = [
    liveCase({}),
    liveCase({ real: [SMALL] }),
    liveCase({ state: 'pinned-for-long-by-user', real: [SMALL], assumed: ['pins'] }),
  ];
  expect(liveTable(cases)).toEqual([
    'STATE                    AGREE  LATER PASS  ASSUMED  UNEXPLAINED  OF  WHICH ASSUMPTION',
    'plain-full                   1           0        0            1   2',
    'pinned-for-long-by-user      0           0        1            0   1  pins',
    'all                          1           0        1            1   3  pins',
  ]);
});

test('an unexplained difference shows runs of pages', () => {
  expect(describeUnexplained(liveCase({ real: [SMALL] }))).toBe(
    [
      'difference in plain-full under some (assumed: nothing):',
      '  before 0x512',
      '  model  9x512',
      '  kernel 0x512',
    ].join('\n'),
  );
});

test('the JSON says why, and conforms to its schema', () => {
  const cases = [
    liveCase({}),
    liveCase({ state: 'pinned-for-long-by-user', real: [SMALL], assumed: ['pins'] }),
    liveCase({ predicted: [undefined], skipped: 'a zombie' }),
  ];
  const json = JSON.parse(liveJson([{ kernel: '7.3.4', answer: cases }]));
  expectSchema('conform', json);
  expect(json.live).toMatchObject([
    { outcome: 'agrees' },
    { outcome: 'assumed', because: 'pins' },
    { outcome: 'unexplained', skipped: 'a zombie', predicted: [SMALL], real: [HUGE] },
  ]);
});

/** A guest with two states, one of whose processes is that of a child; its khugepaged is slow at first. */
function fakeGuest(): Guest & { readonly lines: string[] } {
  const lines: string[] = [];
  let [collapsed, scans, state] = [false, 0, ''];
  const answer = (line: string): string[] => {
    lines.push(line);
    if (line === 'run /bin/states') return ['| plain', '| forked', 'done exit=0'];
    state = /^start \/bin\/states (\S+) 1$/.exec(line)?.[1] ?? state;
    if (line.startsWith('start /bin/states plain')) return ['| ready 40000000 1 10', 'done pid=10'];
    if (/^start \/bin\/states (huge|folios|split)/.test(line))
      return ['| ready 80000000 1 31', 'done pid=30'];
    if (line.startsWith('start /bin/states forked')) return ['| ready 80000000 1 21', 'done pid=20'];
    if (line.startsWith('run node /every-frame.mjs ')) return [...comparedBeside(state), 'done exit=0'];
    if (line.startsWith('run node ')) {
      collapsed = false;
      return [
        '| note: of no matter',
        ...JSON.stringify(PREDICTION)
          .split('\n')
          .map((each) => `| ${each}`),
        'done exit=0',
      ];
    }
    if (line.startsWith('scans ')) {
      collapsed = true;
      return [scans++ === 0 ? 'timeout' : 'done'];
    }
    if (line.startsWith('pages 10 ')) return [collapsed ? HUGE : SMALL, 'done'];
    if (line.startsWith('pages 21 ')) return [SMALL, 'done'];
    return ['done'];
  };
  return { lines, features: new Set(), ask: async ([line]) => succeed(answer(line)), stop: async () => {} };
}

/** What every-frame.mjs prints of a process beside one in a state. */
function comparedBeside(state: string): string[] {
  const unknown = state === 'folios-64k' ? [] : ['locked'];
  return [`| ${JSON.stringify({ pid: 10, unknown, differing: [], pmdEntriesMapAll: state === 'huge' })}`];
}

const PREDICTION = {
  ranges: [{ pid: 10, address: '0x40000000', attempts: [], collapses: [{ offset: 0, order: 9 }] }],
  processes: [
    { pid: 10, cgroup: '/above/inner', assumed: ['registration'] },
    { pid: 21, cgroup: '/above-not', assumed: [] },
  ],
  limits: [
    { cgroup: '/above', fail: 1 },
    { cgroup: '/above-not', fail: 0 },
  ],
  skipped: [],
};

test('processes are made, predicted by the package, and left to khugepaged under each policy', async () => {
  const guest = fakeGuest();
  const cases = valueOf(await runLive(guest, KERNEL, () => {}));
  expect(cases.length).toBe(2 * LIVE_POLICIES.length);
  expect(cases.map(outcomeOf)).toEqual(cases.map(() => ({ kind: 'agrees' })));
  expect(cases[0]).toMatchObject({ state: 'plain', assumed: ['registration', 'limits'], real: [HUGE] });
  expect(cases[1].assumed).toEqual([]);
  expect(predictedPages(cases[1])).toEqual([SMALL]);
  const predicted = guest.lines.filter((line) => line.startsWith('run node ') && line.includes(' predict '));
  expect(predicted.length).toBe(LIVE_POLICIES.length);
  expect(predicted[0]).toContain('predict -p 10,21 --policy /policies/live-0.json --kernel linux-7.3 --json');
  // What was read is compared with every frame, before khugepaged and after it.
  const compared = guest.lines.filter((line) => line === 'run node /every-frame.mjs /thpscope/dist 10 21');
  expect(compared.length).toBe(2 * LIVE_POLICIES.length);
  // The child is spoken to, and what was started is ended.
  expect(guest.lines).toContain('signal 21 12');
  expect(guest.lines).toContain('end 20');
});

test('a reading that differs from a look at every frame ends it', async () => {
  const guest = fakeGuest();
  const { ask } = guest;
  const wrong = '| {"pid":10,"differing":["order at 40000000: 0, not 4"]}';
  const asked: Guest = {
    ...guest,
    ask: async (lines, timeout) =>
      lines[0].startsWith('run node /every-frame.mjs')
        ? succeed([wrong, 'done exit=1'])
        : ask(lines, timeout),
  };
  expect(await runLive(asked, KERNEL, () => {})).toMatchObject({
    failure: { message: expect.stringContaining('order at 40000000: 0, not 4') },
  });
});

test('counters that are believed where a split folio is end it', async () => {
  const guest = fakeGuest();
  const { ask } = guest;
  const believing: Guest = {
    ...guest,
    ask: async (lines, timeout) => {
      const answer = await ask(lines, timeout);
      const believed = (line: string) => line.replace('"pmdEntriesMapAll":false', '"pmdEntriesMapAll":true');
      return answer.ok ? succeed(answer.value.map(believed)) : answer;
    },
  };
  expect(await runLive(believing, KERNEL, () => {})).toMatchObject({
    failure: { message: "beside 'huge-by-ptes' counters say true, and left unknown is 'locked'" },
  });
});
