import { expect, test } from 'vitest';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { restoreRange } from '../../src/machine/page-tables/restore.ts';
import { creepPolicy, smallestCreep } from '../../src/verify/creep.ts';
import { SECOND, World } from '../khugepaged/world.ts';
import { rangeOf } from '../support/ranges.ts';

const RANGE = rangeBytes(x86_64);
const ALL_SIZES = Object.fromEntries([2, 3, 4, 5, 6, 7, 8, 9].map((order) => [order, 'always' as const]));

/** Resident pages of a process after each pass of the simulated daemon over its only range. */
function residentByPass(model: 'scaled' | 'capped', maxPtesNone: number, present: string): number[] {
  const world = new World({
    geometry: x86_64,
    nodes: [8192],
    model,
    sizes: ALL_SIZES,
    limits: { maxPtesNone },
  });
  const { machine, daemon } = world;
  const mm = machine.createMm('creeps');
  mmap(machine, mm, { address: RANGE, bytes: RANGE });
  const area = mm.areas.at(RANGE);
  if (!area || !restoreRange(machine, mm, area, { ...rangeOf({ present, folios: [] }), address: RANGE })) {
    throw new Error('no room for one range');
  }
  daemon.list.add(mm);
  daemon.wake({ expire: true });
  const resident: number[] = [];
  while (daemon.counts.fullScans < 12) {
    const before = daemon.counts.fullScans;
    world.run(10 * SECOND);
    if (daemon.counts.fullScans > before) resident.push(mm.rssPages);
  }
  world.expectSound();
  return resident;
}

test.each([
  ['scaled', 2],
  ['scaled', 12],
  ['scaled', 192],
  ['scaled', 256],
  ['scaled', 384],
  ['scaled', 510],
  ['capped', 2],
  ['capped', 255],
  ['capped', 504],
  ['capped', 508],
] as const)('%s with max_ptes_none %d creeps on the simulated machine as the table says', (name, limit) => {
  const creep = smallestCreep(creepPolicy(KERNEL_MODELS[name], x86_64, limit), x86_64);
  const resident = residentByPass(name, limit, creep ? formatPages(creep.pages) : '');
  const growths = resident.filter((pages, i) => i > 0 && pages > resident[i - 1]).length;
  expect([resident[0], resident.at(-1)]).toEqual([creep?.afterFirst, creep?.afterLast]);
  // The first pass grows it as well; a pass may also collapse what is full without growth.
  expect(growths + 1).toBeLessThanOrEqual(creep?.passes ?? 0);
  expect(growths).toBeGreaterThan(0);
});

test('a limit of 1 does not creep there', () => {
  expect(new Set(residentByPass('scaled', 1, '0-2,4'))).toEqual(new Set([4]));
});
