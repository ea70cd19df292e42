/**
 * Runs of pages of one folio order, in 16 bits each: the order above, the pages less one below. Pages of a
 * range take few, as folios are many pages.
 */
const RUN_ORDER = 12;
const MOST_RUN = 1 << RUN_ORDER;

/** Writes the runs of a list of folio orders; returns how many there are. */
export function packRuns(orders: Uint8Array, into: Uint16Array): number {
  let runs = 0;
  const pages = orders.length;
  for (let first = 0; first < pages; ) {
    const order = orders[first];
    const most = Math.min(pages, first + MOST_RUN);
    let end = first + 1;
    while (end < most && orders[end] === order) end++;
    into[runs++] = (order << RUN_ORDER) | (end - first - 1);
    first = end;
  }
  return runs;
}

/** Writes the orders of so many runs, two to a word from `at` on. */
export function unpackRuns(words: Uint32Array, at: number, runs: number, into: Uint8Array): void {
  for (let run = 0, page = 0; run < runs; run++) {
    const packed = (words[at + (run >>> 1)] >>> (16 * (run & 1))) & 0xffff;
    const end = page + (packed & (MOST_RUN - 1)) + 1;
    into.fill(packed >>> RUN_ORDER, page, end);
    page = end;
  }
}
