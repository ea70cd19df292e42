/** What becomes of each row of a table, in columns as long as the table. */
export interface RowOutcomes {
  /** The order whose folios hold most resident pages afterwards. */
  readonly mainOrders: Uint8Array;
  /** Why nothing in the range collapses: 1 + an index in the judge's `refusals`; 0 where something does. */
  readonly refusals: Uint8Array;
  /** Pages by which resident memory grows. */
  readonly growthPages: Uint16Array;
  /** The order whose folios hold most pages when page faults have filled the range again after a restart. */
  readonly restartOrders: Uint8Array;
  /** Pages by which a restart makes resident memory grow, at most. */
  readonly restartGrowthPages: Uint16Array;
}

export function emptyOutcomes(rows: number): RowOutcomes {
  return {
    mainOrders: new Uint8Array(rows),
    refusals: new Uint8Array(rows),
    growthPages: new Uint16Array(rows),
    restartOrders: new Uint8Array(rows),
    restartGrowthPages: new Uint16Array(rows),
  };
}
