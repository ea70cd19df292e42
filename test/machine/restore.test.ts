import { expect, test } from 'vitest';
import { emptyOccupancy, hasPage, type Occupancy, setPage } from '../../src/core/memory/occupancy.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { drainAllLru } from '../../src/machine/folios/lru.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { viewRange } from '../../src/machine/page-tables/range-view.ts';
import { restoreRange } from '../../src/machine/page-tables/restore.ts';
import { unseenRange } from '../support/unseen-range.ts';
import { Walk } from './walk.ts';
import { expectSound, RANGE, smallMachine } from './world.ts';

/** The ranges of all processes of a machine after a random walk. */
function rangesOf(seed: number): RangeState[] {
  const walk = new Walk(seed);
  walk.run(80);
  drainAllLru(walk.machine);
  const ranges: RangeState[] = [];
  for (const mm of walk.machine.mms.values()) {
    for (const area of mm.areas.all().filter(({ moved }) => moved === 0)) {
      for (const pmd of mm.pmds.values()) {
        const address = pmd.number * RANGE;
        if (pmd.kind === 0 || address < area.start || address + RANGE > area.end) continue;
        ranges.push(viewRange(walk.machine, area, pmd).state);
      }
    }
  }
  return ranges;
}

/** What is said of a page of a large folio holds for all of its pages. */
function comparable(state: RangeState): unknown {
  const orders = state.folioOrders as Uint8Array;
  const spread = (fact: Occupancy | undefined) => {
    const wide = emptyOccupancy(state.geometry);
    for (let i = 0; i < orders.length; i++) {
      const first = i & ~((1 << orders[i]) - 1);
      for (let j = first; j < first + (1 << orders[i]); j++) {
        if (orders[j] === orders[i] && fact && hasPage(fact, j)) setPage(wide, i);
      }
    }
    return wide;
  };
  const { facts } = state;
  const wide = { shared: spread(facts.shared), pinned: spread(facts.pinned), locked: spread(facts.locked) };
  return { ...state, uffdArmed: undefined, facts: { ...facts, ...wide } };
}

test('a recorded range comes back as it was seen', () => {
  let compared = 0;
  for (let seed = 0; seed < 12; seed++) {
    for (const state of rangesOf(seed)) {
      const machine = smallMachine();
      const root = machine.createMm('recorded');
      const sharer = machine.createMm('sharer', { root: root.root });
      for (const mm of [root, sharer]) mmap(machine, mm, { address: state.address, bytes: RANGE });
      const [area] = root.areas.all();
      expect(restoreRange(machine, root, area, state, { sharer, withSharer: state.facts.shared })).toBe(true);
      expectSound(machine);
      const pmd = root.pmd(state.address / RANGE);
      expect(comparable(viewRange(machine, area, pmd).state)).toEqual(comparable(state));
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(200);
});

test('what is not known is taken for ordinary, and swap can run out', () => {
  const machine = smallMachine({}, { swapPages: 1 });
  const mm = machine.createMm('recorded');
  const start = mmap(machine, mm, { bytes: 2 * RANGE });
  const state = unseenRange(machine.geometry, start, new Uint32Array([0xff]), new Uint32Array([0x100]));
  const [area] = mm.areas.all();
  expect(restoreRange(machine, mm, area, state)).toBe(true);
  expect([mm.rssPages, mm.swapEntries]).toEqual([8, 1]);
  expect(restoreRange(machine, mm, area, { ...state, address: start + RANGE })).toBe(false);
  expectSound(machine);
});
