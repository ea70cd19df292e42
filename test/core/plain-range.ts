import type { Geometry } from '../../src/core/geometry.ts';
import { emptyOccupancy, type Occupancy } from '../../src/core/occupancy.ts';
import type { RangeState } from '../../src/core/range-state.ts';

/** A range of ordinary pages, in folios of these orders. */
export function plainRange(geometry: Geometry, present: Occupancy, folioOrders?: Uint8Array): RangeState {
  const none = emptyOccupancy(geometry);
  return {
    geometry,
    address: 0,
    present,
    swap: none,
    guard: none,
    zero: none,
    shared: none,
    unreferenced: none,
    pinned: none,
    lazyfree: none,
    locked: none,
    uffd: none,
    folioOrders,
    pmdMapped: false,
    uffdArmed: false,
  };
}
