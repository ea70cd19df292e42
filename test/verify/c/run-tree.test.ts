import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asOffset, asOrder } from '../../../src/core/memory/order.ts';
import type { WalkRun } from '../../../src/verify/c/messages.ts';
import { ChangesError, RunTree } from '../../../src/verify/c/run-tree.ts';

const RESULTS = [0, 1, 13];

/** A search whose every step depends on all results so far, run with `given` and then with one result. */
function runOf(given: readonly number[], then: number, cut: number, salt = 0): WalkRun {
  const steps = [];
  const results: number[] = [];
  for (;;) {
    const hash = results.reduce((sum, result) => (sum * 31 + result + 7) % 997, 5 + salt);
    if (hash % 4 === 0) return { steps, end: hash };
    const [offset, order] = [asOffset(hash), asOrder(results.length % 9)];
    if (hash % 3 === 0) steps.push({ offset, order, result: undefined });
    if (results.length === cut) {
      return { steps: [...steps, { offset, order, result: 'unknown' as const }], end: 'cut' as const };
    }
    const result = given[results.length] ?? then;
    steps.push({ offset, order, result });
    results.push(result);
  }
}

const results = fc.array(fc.constantFrom(...RESULTS), { maxLength: 8 });

test('after any results it knows what the search does, or says that it does not', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(results, fc.constantFrom(...RESULTS))), results, (asked, known) => {
      const tree = new RunTree();
      for (const [given, then] of asked) tree.add(runOf(given, then, 9));
      tree.add(runOf(known, 1, 9));
      const node = tree.after(known);
      const { steps, end } = runOf(known, 1, 9);
      const attempts = steps.filter(({ result }) => result !== undefined);
      if (attempts.length < known.length) return;
      const next = attempts[known.length];
      expect(node?.attempt).toEqual(next && { offset: next.offset, order: next.order });
      if (!next) expect(node?.returned).toBe(end === 'cut' ? undefined : end);
    }),
  );
});

test('another step after the same results is said', () => {
  const tree = new RunTree();
  tree.add(runOf([1, 1, 0], 1, 9));
  expect(() => tree.add(runOf([1, 0], 0, 9))).not.toThrow();
  expect(() => tree.add(runOf([1, 1, 0], 1, 9, 2))).toThrow(ChangesError);
});
