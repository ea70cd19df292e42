import { expect, test } from 'vitest';
import { asOrder } from '../../src/core/memory/order.ts';
import { CreepWatch } from '../../src/simulation/creep-watch.ts';

const PAGE = 4096;
const RANGE = 512 * PAGE;

function watch(...collapses: [page: number, order: number, pass: number][]) {
  const creep = new CreepWatch(PAGE, RANGE);
  for (const [page, order, pass] of collapses) creep.collapsed(1, page * PAGE, asOrder(order), pass);
  return creep.report();
}

test('a window over one that an earlier pass collapsed is a climb, and copies it again', () => {
  const report = watch([0, 2, 0], [0, 3, 1], [0, 9, 4]);
  expect(report).toMatchObject({ ranges: 1, byClimbs: [0, 0, 1], recopiedPages: 4 + 8 });
  expect(report.worst?.steps).toEqual([
    { order: 2, pass: 0 },
    { order: 3, pass: 1 },
    { order: 9, pass: 4 },
  ]);
});

test('the way of the window that climbed most counts, all of them are copied', () => {
  const report = watch([0, 2, 0], [4, 2, 0], [8, 3, 0], [0, 3, 1], [0, 4, 2]);
  expect(report).toMatchObject({ byClimbs: [0, 0, 1], recopiedPages: 4 + 4 + 8 + 8 });
});

test('what is collapsed anew to the same size, beside, or in the same pass has not climbed', () => {
  expect(watch([0, 9, 0], [0, 9, 5])).toMatchObject({
    ranges: 0,
    byClimbs: [1],
    recopiedPages: 0,
    worst: undefined,
  });
  expect(watch([0, 2, 0], [8, 3, 1])).toMatchObject({ ranges: 0 });
  expect(watch([0, 2, 0], [0, 3, 0])).toMatchObject({ ranges: 0 });
  expect(watch([0, 2, 0], [512, 9, 1])).toMatchObject({ ranges: 0, byClimbs: [2] });
});
