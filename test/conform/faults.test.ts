import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  expectHistory,
  type FaultHistory,
  historyLine,
  parseHistoryLine,
} from '../../src/conform/fault-history.ts';
import { faultBatches } from '../../src/conform/fault-suite.ts';
import { randomFrom } from '../../src/core/base/random.ts';
import { valueOf } from '../core/fault/value.ts';
import { WRONG_FAULT_RULES } from './wrong-fault-rules.ts';

interface Recorded {
  readonly history: FaultHistory;
  readonly answer: string;
}

function corpus(series: string): Recorded[] {
  const packed = readFileSync(`test/fixtures/corpus/faults-${series}.jsonl.gz`);
  const [, ...lines] = gunzipSync(packed).toString('utf8').split('\n');
  return lines.map((line) => {
    const { history, answer } = JSON.parse(line) as { history: string; answer: string };
    return { history: valueOf(parseHistoryLine(history)), answer };
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

test('a history is read as it was written', () => {
  for (const histories of faultBatches(200, randomFrom(1)))
    for (const history of histories) expect(valueOf(parseHistoryLine(historyLine(history)))).toEqual(history);
});
