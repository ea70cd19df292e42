import { expect, test } from 'vitest';
import type { CorpusBatch } from '../../src/kernel-lab/corpus.ts';
import { expectBatch } from '../../src/kernel-lab/expected.ts';
import { SUITES } from '../../src/kernel-lab/suites.ts';
import { readCorpus, RECORDED_KERNELS } from './corpus-file.ts';
import { MODEL_OF, MUTANTS, mutated } from './mutants.ts';

const corpora = RECORDED_KERNELS.map((series) => ({ series, ...readCorpus(series) }));
const count = (batches: readonly CorpusBatch[]) =>
  batches.reduce((sum, { batch }) => sum + batch.ranges.length, 0);

for (const { series, head, batches } of corpora) {
  for (const suite of SUITES) {
    const ofSuite = batches.filter((each) => each.suite === suite);
    test(`the model agrees with Linux ${head.version} on ${count(ofSuite)} recorded ranges of the ${suite} suite`, () => {
      expect(count(ofSuite)).toBeGreaterThan(0);
      for (const { batch, answer } of ofSuite) {
        const expected = expectBatch(batch, MODEL_OF[series]);
        expect(expected.pages).toEqual(answer.pages);
        expect(expected.attempts).toEqual(answer.attempts);
        expect(expected.pagesCollapsed).toBe(answer.pagesCollapsed);
      }
    });
  }
}

test('every wrong model fails some recorded range, and the right one none', () => {
  // Both kernels were recorded to do the same, so one of them is enough.
  const [{ batches, series }] = corpora;
  const failures = Object.entries(MUTANTS).map(([name, mutant]) => {
    const failed = { folios: 0, attempts: 0, counts: 0 };
    for (const { batch, answer } of batches) {
      const expected = expectBatch(batch, ...mutated(mutant, MODEL_OF[series]));
      failed.folios += differing(expected.pages, answer.pages);
      failed.attempts += differing(expected.attempts, answer.attempts);
      if (expected.pagesCollapsed !== answer.pagesCollapsed) failed.counts++;
    }
    return { name, ...failed };
  });
  console.log(
    `of ${count(batches)} recorded ranges fail by folios and by attempts, of ${batches.length} counts:`,
  );
  for (const { name, folios, attempts, counts } of failures) {
    console.log([folios, attempts, counts].map((number) => String(number).padStart(7)).join(''), '', name);
  }
  for (const { name, folios, attempts, counts } of failures) {
    expect(folios + attempts + counts > 0, name).toBe(!name.startsWith('the correct model'));
  }
});

function differing(expected: readonly string[], real: readonly string[]): number {
  return expected.filter((text, index) => text !== real[index]).length;
}
