/**
 * What memory management has done since the machine began, in base pages unless said otherwise: time is
 * charged by it.
 */
export interface Work {
  zeroedPages: number;
  /** Copied by copy-on-write, collapse or migration. */
  copiedPages: number;
  swapReads: number;
  swapWrites: number;
  /** Frames that compaction looked at. */
  compactScanned: number;
  compactMoved: number;
  /** Frames that reclaim looked at. */
  reclaimScanned: number;
  reclaimed: number;
  /** Folios split. */
  splits: number;
  /** PMD leaves turned into page tables. */
  pmdSplits: number;
}

export function noWork(): Work {
  return {
    zeroedPages: 0,
    copiedPages: 0,
    swapReads: 0,
    swapWrites: 0,
    compactScanned: 0,
    compactMoved: 0,
    reclaimScanned: 0,
    reclaimed: 0,
    splits: 0,
    pmdSplits: 0,
  };
}
