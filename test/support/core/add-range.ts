import { addFolios, emptyLevels } from '../../../src/core/digest/folios.ts';
import { addWindowCounts, type DigestTable } from '../../../src/core/digest/table.ts';
import { countWindows, emptyWindowCounts } from '../../../src/core/digest/window-counts.ts';
import type { Occupancy } from '../../../src/core/memory/occupancy.ts';

/** What one TLB entry maps in the tests of digests: folios of fewer pages save nothing, as on arm64. */
export const REACH_PAGES = 16;

/**
 * Adds one range to a digest: the PTEs that map an ordinary page, and the order of the folio that each maps
 * (undefined where all are small). Only ranges that `digestPlaceOf` calls ordinary may be added; one without
 * a page adds nothing.
 */
export function addRangeToTable(table: DigestTable, occupied: Occupancy, folioOrders?: Uint8Array): void {
  const counts = emptyWindowCounts(table.geometry);
  countWindows(occupied, table.geometry, counts);
  addWindowCounts(table, counts);
  if (folioOrders && counts.pages > 0)
    addFolios(table, occupied, folioOrders, emptyLevels(table.geometry, REACH_PAGES));
}
