import { expect, test } from 'vitest';
import { compareDaemonReport } from '../../src/conform/daemon-conformance.ts';
import { compareReport } from '../../src/conform/conformance.ts';
import type { CorpusBatch } from '../../src/conform/corpus.ts';
import { expectBatch } from '../../src/conform/expected.ts';
import { probeRangeText, scansOf } from '../../src/conform/probe-report.ts';
import { readCorpus, RECORDED_KERNELS } from './corpus-file.ts';
import { MODEL_OF, MUTANTS, mutated } from './mutants.ts';

const corpora = RECORDED_KERNELS.map((series) => ({ series, ...readCorpus(series) }));
const count = (batches: readonly CorpusBatch[]) =>
  batches.reduce((sum, { batch }) => sum + batch.ranges.length, 0);

for (const { series, head, batches, daemons } of corpora) {
  test(`the simulated daemon goes about ${daemons.length} recorded sets of processes as that of Linux ${head.version}`, () => {
    expect(daemons.length).toBeGreaterThan(0);
    for (const { daemon, layout, report } of daemons) {
      expect(compareDaemonReport(daemon, layout, report, MODEL_OF[series])).toBeUndefined();
    }
  });

  for (const suite of ['plain', 'mixed', 'selftest']) {
    const ofSuite = batches.filter((each) => each.suite === suite);
    test(`the model agrees with Linux ${head.version} on ${count(ofSuite)} recorded ranges of the ${suite} suite`, () => {
      expect(count(ofSuite)).toBeGreaterThan(0);
      for (const { batch, report } of ofSuite) {
        expect(compareReport(batch, report, MODEL_OF[series]).disagreements).toEqual([]);
      }
    });
  }
}

test('every wrong model fails some recorded range, and the right one none', () => {
  // Both kernels were recorded to do the same, so one of them is enough.
  const [{ batches, series }] = corpora;
  const failures = Object.entries(MUTANTS).map(([name, mutant]) => {
    const failed = { folios: 0, attempts: 0, counts: 0 };
    for (const { batch, report } of batches) {
      const expected = expectBatch(batch, scansOf(batch, report), mutated(mutant, MODEL_OF[series]));
      batch.ranges.forEach((_, index) => {
        if (expected.pages[index] !== report.pages[index]) failed.folios++;
        else if (probeRangeText(expected, index) !== probeRangeText(report, index)) failed.attempts++;
      });
      if (expected.counters !== report.counters || expected.errnos !== report.errnos) failed.counts++;
    }
    return { name, ...failed };
  });
  console.log(
    `of ${count(batches)} recorded ranges fail by folios, and others by attempts only; of ${batches.length} batches by counters:`,
  );
  for (const { name, folios, attempts, counts } of failures) {
    console.log([folios, attempts, counts].map((number) => String(number).padStart(7)).join(''), '', name);
  }
  for (const { name, folios, attempts, counts } of failures) {
    expect(folios + attempts + counts > 0, name).toBe(!name.startsWith('the correct model'));
  }
}, 300_000);
