import { describe, expect, test } from 'vitest';
import type { Guest } from '../../src/conform/guest/guest.ts';
import { GUEST_MACHINES } from '../../src/conform/guest/guest-machines.ts';
import { leastPasses, type ProbeBatch } from '../../src/conform/probe/probe-batch.ts';
import { expectBatch } from '../../src/conform/ranges/expected.ts';
import { batchesOf } from '../../src/conform/ranges/suites.ts';
import { runSuite, type SuiteCount } from '../../src/conform/suite-run.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { randomFrom } from '../../src/core/base/random.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { valueOf } from '../support/ranges.ts';

const KERNEL = {
  name: '7.2',
  version: '7.2.0',
  path: '',
  modules: [],
  machine: GUEST_MACHINES.amd64,
  model: KERNEL_MODELS['linux-7.2'],
};
const SEED = 1;

/** A guest that answers the questions of a suite one after the other; the last answer is given again. */
function fakeGuest(answers: readonly (readonly string[])[]): Guest & { asked: number } {
  return {
    asked: 0,
    features: new Set(['swap', 'uffd']),
    async ask() {
      return succeed([...answers[Math.min(this.asked++, answers.length - 1)]]);
    },
    async stop() {},
  };
}

const TIMEOUT = ['timeout full_scans=0 pages_collapsed=0'];

test.each([
  ['plain', 4],
  ['daemon', 4],
] as const)('a khugepaged that stands still is never agreement: %s', async (suite, asked) => {
  const guest = fakeGuest([TIMEOUT]);
  const run = await runSuite(guest, KERNEL, suite, { ranges: 1, seed: SEED }, () => {});
  expect(run).toMatchObject({ ok: false, failure: { kind: 'unreadable' } });
  expect(run.ok ? '' : run.failure.message).toMatch(/^khugepaged did not go round in time/);
  expect(guest.asked).toBe(asked);
});

describe('a busy machine', () => {
  const [batch] = batchesOf('plain', 1, randomFrom(SEED));
  const right = answerOf(batch);
  // khugepaged was stopped within an attempt: its allocation is counted, its event is not there.
  const cutShort = [...right.slice(0, -1), `${right.at(-1)}9`];
  const count = async (answers: readonly (readonly string[])[]): Promise<SuiteCount> =>
    valueOf(await runSuite(fakeGuest(answers), KERNEL, 'plain', { ranges: 1, seed: SEED }, () => {}));

  test('makes differences that do not last', async () => {
    expect(await count([right])).toMatchObject({ agree: 1, passing: 0, lasting: 0 });
    expect(await count([cutShort, right])).toMatchObject({ passing: 1, lasting: 0 });
    expect(await count([cutShort, cutShort, cutShort, right])).toMatchObject({ passing: 1, lasting: 0 });
  });

  test('makes khugepaged slow, and then it is asked again', async () => {
    expect(await count([TIMEOUT, TIMEOUT, right])).toMatchObject({ agree: 1, passing: 0, lasting: 0 });
    expect(await count([cutShort, TIMEOUT, right])).toMatchObject({ passing: 1, lasting: 0 });
  });

  test('does not excuse a difference that comes back every time', async () => {
    expect(await count([cutShort])).toMatchObject({ passing: 0, lasting: 1 });
  });
});

test('a kernel with pages of 64K is asked about ranges of 32 pages, and judged by them', async () => {
  const machine = GUEST_MACHINES.ppc64el;
  const batches = [...batchesOf('mixed', 200, randomFrom(SEED), machine.geometry)];
  const ranges = batches.flatMap((batch) => batch.ranges);
  expect(Math.max(...ranges.map((range) => range.folioOrder))).toBe(5);
  expect(new Set(ranges.map((range) => range.present.length))).toEqual(new Set([1]));
  const [batch] = batchesOf('plain', 1, randomFrom(SEED), machine.geometry);
  const right = answerOf(batch);
  expect(right[0]).toHaveLength(32);
  const options = { ranges: 1, seed: SEED };
  const run = await runSuite(fakeGuest([right]), { ...KERNEL, machine }, 'plain', options, () => {});
  expect(run).toMatchObject({ ok: true, value: { agree: 1, lasting: 0 } });
  const limits = ['none=0', 'none=1', 'none=4', 'none=16', 'none=30', 'none=31', 'madvise'];
  expect([...valueOf(run).columns.keys()]).toEqual(limits);
});

test('ranges of 32M are asked about eight at a time, and folios of order 10 and 11 have a character each', () => {
  const batches = [...batchesOf('plain', 200, randomFrom(SEED), GUEST_MACHINES['arm64-16k'].geometry)];
  expect(new Set(batches.map((batch) => batch.ranges.length))).toEqual(new Set([8]));
  const answers = batches.map(answerOf);
  for (const answer of answers) expect(answer[0]).toHaveLength(2048);
  const text = answers.flatMap((answer) => answer.slice(0, 8)).join('');
  expect(text).toMatch(/:{1024}/);
  expect(text).toMatch(/;{2048}/);
});

/** What a kernel that does as the model says answers. */
function answerOf(batch: ProbeBatch): string[] {
  const { pages, passes, counters } = expectBatch(batch, leastPasses(batch), { model: KERNEL.model });
  return [...pages, ...passes.map((each) => each.join(';')), `done ${counters}`];
}
