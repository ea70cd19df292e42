import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { CorpusBatch } from '../../src/conform/corpus.ts';
import { compareDaemonReport } from '../../src/conform/daemon/daemon-conformance.ts';
import { probeRangeText, scansOf } from '../../src/conform/probe/probe-report.ts';
import { compareReport } from '../../src/conform/ranges/conformance.ts';
import { type Belief, expectBatch } from '../../src/conform/ranges/expected.ts';
import { EXHAUSTIVE, WHOLE } from '../support/slice.ts';
import { RECORDED_KERNELS, readCorpus } from './corpus-file.ts';
import { MODEL_OF, MUTANTS, mutated } from './mutants.ts';

const corpora = RECORDED_KERNELS.map((series) => ({ series, ...readCorpus(series) }));
const count = (batches: readonly CorpusBatch[]) =>
  batches.reduce((sum, { batch }) => sum + batch.ranges.length, 0);

for (const { series, head, batches, daemons } of corpora) {
  test(`the simulated daemon goes about ${daemons.length} recorded sets of processes as that of Linux ${head.version}`, () => {
    expect(daemons.length).toBeGreaterThan(0);
    for (const { daemon, layout, report } of daemons) {
      expect(compareDaemonReport(daemon, layout, report, { model: MODEL_OF[series] })).toBeUndefined();
    }
  });

  for (const suite of ['plain', 'mixed', 'selftest']) {
    const ofSuite = batches.filter((each) => each.suite === suite);
    test(`the model agrees with Linux ${head.version} on ${count(ofSuite)} recorded ranges of the ${suite} suite`, () => {
      expect(count(ofSuite)).toBeGreaterThan(0);
      for (const { batch, report } of ofSuite) {
        expect(compareReport(batch, report, { model: MODEL_OF[series] }).disagreements).toEqual([]);
      }
    });
  }
}

/**
 * How many ranges of a batch a model fails by folios, how many others by attempts, and whether by counters.
 */
function failuresIn({ batch, report }: CorpusBatch, belief: Belief) {
  const failed = { folios: 0, attempts: 0, counts: 0 };
  const expected = expectBatch(batch, scansOf(batch, report), belief);
  batch.ranges.forEach((_, index) => {
    if (expected.pages[index] !== report.pages[index]) failed.folios++;
    else if (probeRangeText(expected, index) !== probeRangeText(report, index)) failed.attempts++;
  });
  if (expected.counters !== report.counters || expected.errnos !== report.errnos) failed.counts++;
  return failed;
}

// Both kernels were recorded to do the same, so one of them is enough.
const [{ batches, series }] = corpora;
const right = 'the correct model, which must fail nothing';

/** The table of docs/fidelity.md: by folios, by attempts alone, batches by counters. */
const FIDELITY = readFileSync('docs/fidelity.md', 'utf8').split('### Wrong models')[1];
const DOCUMENTED = new Map(
  [...FIDELITY.matchAll(/^\| ([^|]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$/gm)].map(
    ([, name, ...counts]) => [name, counts] as const,
  ),
);

test('docs/fidelity.md names every wrong model, and how many ranges there are', () => {
  const wrong = Object.keys(MUTANTS).filter((name) => name !== right);
  expect([...DOCUMENTED.keys()]).toEqual(wrong);
  expect(FIDELITY.replace(/\s+/g, ' ')).toContain(
    `Of ${count(batches).toLocaleString('en')} recorded ranges of 7.2.13 in ${batches.length} batches`,
  );
});

test.each(Object.keys(MUTANTS))(
  '%s',
  (name) => {
    const total = { folios: 0, attempts: 0, counts: 0 };
    for (const each of batches) {
      const failed = failuresIn(each, mutated(MUTANTS[name], MODEL_OF[series]));
      total.folios += failed.folios;
      total.attempts += failed.attempts;
      total.counts += failed.counts;
      // One failure will do; the whole says how many there are.
      if (!WHOLE && failed.folios + failed.attempts + failed.counts > 0) break;
    }
    const { folios, attempts, counts } = total;
    if (WHOLE && name !== right)
      expect(DOCUMENTED.get(name)).toEqual(
        [folios, attempts, counts].map((each) => each.toLocaleString('en')),
      );
    expect(total.folios + total.attempts + total.counts > 0).toBe(name !== right);
  },
  EXHAUSTIVE,
);
