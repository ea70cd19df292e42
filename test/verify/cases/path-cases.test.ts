import { expect, test } from 'vitest';
import { CURRENT_RESULTS } from '../../../src/core/rules/scan-result.ts';
import { AlgorithmRun, windowOf } from '../../../src/verify/algorithm-run.ts';
import { pathSpaces } from '../../../src/verify/cases/path-cases.ts';
import { EVERY_ACTION } from '../../../src/verify/cases/small-cases.ts';
import { builtIn } from '../algorithms.ts';

const PMD_ORDER = 5;
const [, SINGLE, PAIRS] = pathSpaces(PMD_ORDER, { each: CURRENT_RESULTS, few: EVERY_ACTION });

/** Every set of orders with its windows. */
const sets = Array.from({ length: 2 ** (PMD_ORDER - 1) }, (_, bits) => bits << 2).map((orders) => ({
  orders,
  windows: [2, 3, 4, 5].flatMap((order) =>
    (orders >> order) % 2 === 0
      ? []
      : Array.from({ length: 2 ** (PMD_ORDER - order) }, (_, i) => ({ offset: i * 2 ** order, order })),
  ),
}));

/** What the walk attempts in the cases of a space: a text for each that `texts` makes of its attempts. */
function met(
  space: typeof PAIRS,
  texts: (orders: number, attempts: { name: string; result: string }[]) => string[],
): Set<string> {
  const run = new AlgorithmRun(builtIn('walk'));
  const seen = new Set<string>();
  for (const { shape, outcome } of space.cases()) {
    run.run(shape, outcome);
    const attempts = run.windows.map((code, i) => {
      const { offset, order } = windowOf(code);
      return { name: `${offset}:${order}`, result: run.results[i] };
    });
    for (const text of texts(shape.orders, attempts)) seen.add(text);
  }
  return seen;
}

test('each window of each set of orders is attempted with each result', () => {
  const seen = met(SINGLE, (orders, attempts) =>
    attempts.map(({ name, result }) => `${orders} ${name} ${result}`),
  );
  const missing = sets.flatMap(({ orders, windows }) =>
    windows.flatMap(({ offset, order }) =>
      CURRENT_RESULTS.map((result) => `${orders} ${offset}:${order} ${result}`).filter(
        (text) => !seen.has(text),
      ),
    ),
  );
  expect(missing).toEqual([]);
});

test('so are pairs: a window after another reason to descend around it, and after each result to its left', () => {
  const seen = met(PAIRS, (orders, attempts) =>
    attempts.flatMap((second, i) =>
      attempts
        .slice(0, i)
        .map((first) => `${orders} ${first.name} ${first.result} ${second.name} ${second.result}`),
    ),
  );
  const missing: string[] = [];
  for (const { orders, windows } of sets) {
    for (const second of windows) {
      for (const first of windows) {
        const around =
          first.order > second.order && second.offset >> first.order === first.offset >> first.order;
        const beside = first.offset + 2 ** first.order === second.offset;
        const ends = around
          ? ['SCAN_ALLOC_HUGE_PAGE_FAIL']
          : beside
            ? EVERY_ACTION.filter((end) => end === 'SCAN_SUCCEED' || end === 'SCAN_PTE_MAPPED_HUGEPAGE')
            : [];
        for (const end of ends) {
          for (const result of EVERY_ACTION) {
            const names = [`${first.offset}:${first.order}`, `${second.offset}:${second.order}`];
            const text = `${orders} ${names[0]} ${end} ${names[1]} ${result}`;
            if (!seen.has(text)) missing.push(text);
          }
        }
      }
    }
  }
  expect(missing).toEqual([]);
});
