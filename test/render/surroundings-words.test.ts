import { expect, test } from 'vitest';
import { explainRange } from '../../src/analysis/prediction/explanation.ts';
import { hugepagePolicy } from '../../src/core/rules/thp-settings.ts';
import { resultLines } from '../../src/render/words/explain/explain-lines.ts';
import { runPolicyOf } from '../analysis/streams.ts';
import { rangeOf } from '../support/ranges.ts';

const M = 2 ** 20;

/** What an explanation of half a range says of a control group with so much room. */
function linesWith(roomBytes: number): string {
  const range = rangeOf({ present: '0-255' });
  const runPolicy = runPolicyOf({ orders: '9', maxPtesNone: 511 });
  const memoryGroups = [{ path: '/a', limitBytes: 40 * M, usedBytes: 40 * M - roomBytes }];
  const process = { pid: 1, startTime: 1, command: 'p', cgroup: '/a', thpDisabled: false, memoryGroups };
  const surroundings = { kernelRelease: '7.2.13', settings: undefined };
  const around = { process, surroundings, assumesRegistration: true, uncheckedBytes: 0 };
  const explanation = explainRange(range, hugepagePolicy(runPolicy, range.geometry), runPolicy, around);
  return resultLines(explanation)
    .map(({ text }) => text)
    .join('\n');
}

test('an explanation says what room the control group has, and what a failure does', () => {
  const fitting = linesWith(2 * M);
  expect(fitting).toContain('control group /a: it fits, with 2M of room below its limit of 40M');
  expect(fitting).toContain('khugepaged visits the process');
  const failing = linesWith(2 * M - 1);
  expect(failing).toContain('control group /a: 0 of 1 collapse fit below its limit, 1 fail');
  expect(failing).toContain('a failure ends its range at every order');
});
