// The planner against the plain C walk of the same rule, on the same bitmaps, for 8 policies and 4 kinds of occupancy.
import { x86_64 } from '../dist/core/memory/geometry.js';
import { createWasmPlanner, createPlainPlanner } from '../dist/core/plan/planner.js';
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

export function measurePlanner() {
  const rows = [];
  const planners = [createWasmPlanner(x86_64, RANGES), createPlainPlanner(x86_64, RANGES)];
  for (const kind of OCCUPANCY_KINDS) {
    for (const planner of planners) fillOccupancy(kind, planner.occupied);
    const walks = timeWalk(planners[0].occupied, ROUNDS, POLICIES);
    for (const [index, { name, orders, none }] of POLICIES.entries()) {
      const [time, script] = planners.map((planner) => {
        const once = () => planner.plan(RANGES, orders, none);
        check(once(), walks[index], `${kind}, ${name}`);
        for (let i = 0; i < 20; i++) once();
        return (1e6 / RANGES) * median(ROUNDS, once);
      });
      const base = walks[index].time;
      const aim = kind === 'mixed' && orders === 0x3fc && none === 0 ? 1 / 3 : 1.5;
      rows.push({ name: `plan ${kind}, ${name} : C walk`, unit: 'ns', time, base, ratio: time / base, aim });
      rows.push({ name: `  in TypeScript : C walk`, unit: 'ns', time: script, base, ratio: script / base });
    }
  }
  return rows;
}

/** Both must have found the same windows. */
function check({ windows }, walk, what) {
  let sum = 0;
  for (let i = 0; i < windows.length; i++) sum = (Math.imul(sum, 31) + windows[i]) >>> 0;
  if (windows.length !== walk.windows || sum !== walk.sum)
    throw new Error(`${what}: planner and walk differ`);
}
