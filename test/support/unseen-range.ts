import type { Geometry } from '../../src/core/memory/geometry.ts';
import { emptyOccupancy, type Occupancy } from '../../src/core/memory/occupancy.ts';
import { pageFacts, type RangeState } from '../../src/core/memory/range-state.ts';

/** A range of which its source saw where pages are, and nothing more. */
export function unseenRange(
  geometry: Geometry,
  address: number,
  present: Occupancy,
  swap: Occupancy = emptyOccupancy(geometry),
): RangeState {
  const facts = pageFacts({ present, swap }, () => undefined);
  return { geometry, address, facts, folioOrders: undefined, pmdMapped: undefined, uffdArmed: false };
}
