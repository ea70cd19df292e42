// Planning of ordinary ranges against a plain C walk of the same rule, on the same bitmaps, for 8 policies
// and 4 kinds of occupancy.
import { x86_64 } from '../build/core/memory/geometry.js';
import { planWindows } from '../build/core/plan/plan-windows.js';
import { timeWalk } from './c-walk.mjs';
import { median } from './median.mjs';
import { fillOccupancy, OCCUPANCY_KINDS } from './occupancies.mjs';

const RANGES = 4096;
const ROUNDS = 31;

export const POLICIES = [
  { name: 'all orders, none 0', orders: 0x3fc, none: 0 },
  { name: 'all orders, none 128', orders: 0x3fc, none: 128 },
  { name: 'all orders, none 511', orders: 0x3fc, none: 511 },
  { name: '2M, none 0', orders: 0x200, none: 0 },
  { name: '2M, none 511', orders: 0x200, none: 511 },
  { name: '64K, none 0', orders: 0x10, none: 0 },
  { name: '64K, none 511', orders: 0x10, none: 511 },
  { name: '16K, none 0', orders: 0x4, none: 0 },
];

export function measurePlans() {
  const rows = [];
  const bitmaps = new Uint32Array(16 * RANGES);
  const ranges = Array.from({ length: RANGES }, (_, i) => bitmaps.subarray(16 * i, 16 * i + 16));
  for (const kind of OCCUPANCY_KINDS) {
    fillOccupancy(kind, bitmaps);
    const walks = timeWalk(bitmaps, ROUNDS, POLICIES);
    for (const [index, { name, orders, none }] of POLICIES.entries()) {
      const plan = (range) => {
        const windows = [];
        planWindows(range, orders, none, x86_64, windows);
        return windows;
      };
      const once = () => {
        for (const range of ranges) plan(range);
      };
      check(ranges.flatMap(plan), walks[index], `${kind}, ${name}`);
      for (let i = 0; i < 20; i++) once();
      const time = (1e6 / RANGES) * median(ROUNDS, once);
      const base = walks[index].time;
      rows.push({ name: `plan ${kind}, ${name} : C walk`, unit: 'ns', time, base, ratio: time / base });
    }
  }
  return rows;
}

/** Both must have found the same windows. */
function check(windows, walk, what) {
  let sum = 0;
  for (const window of windows) sum = (Math.imul(sum, 31) + window) >>> 0;
  if (windows.length !== walk.windows || sum !== walk.sum) throw new Error(`${what}: windows differ`);
}
