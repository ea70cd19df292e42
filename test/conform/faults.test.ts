import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { expectHistory, type FaultHistory, historyLine } from '../../src/conform/faults/fault-history.ts';
import { faultBatches } from '../../src/conform/faults/fault-suite.ts';
import { GUEST_MACHINES } from '../../src/conform/guest/guest-machines.ts';
import { randomFrom } from '../../src/core/base/random.ts';
import { parseHistory } from '../../src/core/fault/history.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../../src/core/rules/settings-words.ts';
import { valueOf } from '../support/ranges.ts';
import { WRONG_FAULT_RULES } from './wrong-fault-rules.ts';

const ADVICE = { h: 'hugepage', n: 'nohugepage', '-': undefined } as const;

/** Reads a line that `historyLine` wrote. */
function parseHistoryLine(line: string): FaultHistory {
  const [top, letters, advice, zero, start, end, ...acts] = line.split(' ');
  const vma = { start: Number(start), end: Number(end) };
  const sizes = [...letters].map((letter, i) => {
    const word = SIZE_WORDS.find((each) => each.startsWith(letter)) ?? 'never';
    return [asOrder(i + 2), word] as const;
  });
  return {
    geometry: x86_64,
    enabled: TOP_LEVEL_WORDS.find((word) => word.startsWith(top)) ?? 'never',
    sizes: new Map(sizes),
    advice: ADVICE[advice as keyof typeof ADVICE],
    hugeZeroPage: zero === '1',
    vma,
    acts: valueOf(parseHistory(acts.join(' '), vma)),
  };
}

interface Recorded {
  readonly history: FaultHistory;
  readonly answer: string;
}

function corpus(series: string): Recorded[] {
  const packed = readFileSync(`test/fixtures/corpus/faults-${series}.jsonl.gz`);
  const [, ...lines] = gunzipSync(packed).toString('utf8').split('\n');
  return lines.map((line) => {
    const { history, answer } = JSON.parse(line) as { history: string; answer: string };
    return { history: parseHistoryLine(history), answer };
  });
}

describe.each(['7.2', '7.3'])('page faults of a real Linux %s', (series) => {
  const recorded = corpus(series);

  test('leave what the rule says, page for page and folio for folio', () => {
    expect(recorded.length).toBe(1000);
    for (const { history, answer } of recorded) expect(expectHistory(history)).toBe(answer);
  });

  test.each(Object.entries(WRONG_FAULT_RULES))('are not what a wrong rule says: %s', (_, rule) => {
    expect(recorded.some(({ history, answer }) => expectHistory(history, rule) !== answer)).toBe(true);
  });
});

// What 7.2.13 of ppc64le mapped: the table that the first MADV_DONTNEED made stays.
test('a kernel that keeps empty page tables has no room for the PMD order in them', () => {
  const machine = GUEST_MACHINES.ppc64el;
  const line = 'm aana - 0 0 64 w31-63 d4-11 d0-31 w0';
  const history = { ...parseHistoryLine(line), geometry: machine.geometry };
  expect(historyLine(history)).toBe(line);
  expect(expectHistory(history)).toBe('mapped f0-7:3@0 f32-63:5@32');
  // What a machine that frees it would map: arm64 with pages of 4K and the same history.
  const freed = { ...history, geometry: { pageShift: 12, pmdOrder: 5 } };
  expect(expectHistory(freed)).toBe('mapped f0-31:5@0 f32-63:5@32');
});

test('a history is read as it was written', () => {
  for (const histories of faultBatches(200, randomFrom(1)))
    for (const history of histories) expect(parseHistoryLine(historyLine(history))).toEqual(history);
});
