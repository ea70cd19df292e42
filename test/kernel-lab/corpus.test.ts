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
        expect(expected.pagesCollapsed).toBe(answer.pagesCollapsed);
      }
    });
  }
}

test('every wrong model fails some recorded range or count, and the right one none', () => {
  // Both kernels were recorded to do the same, so one of them is enough.
  const [{ batches, series }] = corpora;
  const failures = Object.entries(MUTANTS).map(([name, mutant]) => {
    let ranges = 0;
    let counts = 0;
    for (const { batch, answer } of batches) {
      const { pages, pagesCollapsed } = expectBatch(batch, ...mutated(mutant, MODEL_OF[series]));
      ranges += pages.filter((text, index) => text !== answer.pages[index]).length;
      if (pagesCollapsed !== answer.pagesCollapsed) counts++;
    }
    return { name, ranges, counts };
  });
  console.log(`of ${count(batches)} recorded ranges, and ${batches.length} counts of pages_collapsed, fail:`);
  for (const { name, ranges, counts } of failures) {
    console.log(`${String(ranges).padStart(7)}${String(counts).padStart(5)}  ${name}`);
  }
  for (const { name, ranges, counts } of failures) {
    expect(ranges + counts > 0, name).toBe(!name.startsWith('the correct model'));
  }
});
