/** What a page frame is used for: the low three bits of its flags. */
export const FRAME_FREE = 0;
/** A page of an anonymous folio. */
export const FRAME_FOLIO = 1;
export const FRAME_PAGE_TABLE = 2;
/** Page cache of files that no process of the model has: movable, and dropped by reclaim. */
export const FRAME_CACHE = 3;
/** Kernel memory: can be neither moved nor reclaimed. */
export const FRAME_KERNEL = 4;
/** A page of a folio of the page cache: files and shared memory, which processes may map. */
export const FRAME_FILE = 5;
export const FRAME_KIND = 7;

/** First frame of a free block or of a folio. */
export const PG_HEAD = 1 << 3;
export const PG_LRU = 1 << 4;
export const PG_LOCKED = 1 << 5;
export const PG_REFERENCED = 1 << 6;
/** MADV_FREE: reclaim may drop the folio unless a PTE of it is dirty (the kernel's cleared PG_swapbacked). */
export const PG_LAZYFREE = 1 << 7;
/** Taken off the LRU by somebody who holds a reference. */
export const PG_ISOLATED = 1 << 8;
/** Waits in a per-CPU batch to be added to the LRU; the batch holds a reference. */
export const PG_BATCHED = 1 << 9;
/**
 * PageAnonExclusive: one process owns this page and may write to it without a copy. At the head for PMD
 * mappings.
 */
export const PG_EXCLUSIVE = 1 << 10;
/** Reading the page raises a memory error. */
export const PG_POISONED = 1 << 11;
/** Counted as partially mapped. */
export const PG_PARTIAL = 1 << 12;
/** On the deferred split queue. */
export const PG_DEFERRED = 1 << 13;
/** The sticky hint that more than one mm maps this large folio. */
export const PG_MAPPED_SHARED = 1 << 14;

export const NO_FRAME = -1;

/** Frame numbers and swap slots are this wide because a PTE holds them. */
export const MAX_FRAMES = 2 ** 25;

/**
 * The page frames of a machine as typed arrays: 18 bytes a frame and no object (the kernel's struct page). As
 * there, fields mean different things for different uses:
 * - free block: `content` and `rmap` of the head link its free list, `order` of the head is the block's;
 * - folio: `order` in every frame, so that any frame leads to its head; `refcount`, `memcg` and `rmap` at the
 *   head; `mapcount` (PTEs that map it) and `content` in every frame;
 * - large folio: `refcount` of frames 1, 2, 3 holds the total mapcount, the PMD mappings, the number of pages
 *   that PTEs map; `rmap` of frames 1, 2, 3 holds the two mm slots of the shared hint and their packed
 *   counts.
 */
export class FrameTable {
  readonly count: number;
  readonly flags: Uint16Array;
  readonly order: Uint8Array;
  /** Id of the memcg that the folio is charged to. */
  readonly memcg: Uint8Array;
  readonly refcount: Int32Array;
  readonly mapcount: Uint16Array;
  /** A token for what the page holds; 0 is all zeros. */
  readonly content: Uint32Array;
  /** Where the head's page is mapped, as `AnonRanges` packs it. */
  readonly rmap: Uint32Array;

  constructor(count: number) {
    if (count > MAX_FRAMES) throw new Error(`${count} frames: a machine has at most ${MAX_FRAMES}`);
    this.count = count;
    this.flags = new Uint16Array(count);
    this.order = new Uint8Array(count);
    this.memcg = new Uint8Array(count);
    this.refcount = new Int32Array(count);
    this.mapcount = new Uint16Array(count);
    this.content = new Uint32Array(count);
    this.rmap = new Uint32Array(count);
  }

  kind(frame: number): number {
    return this.flags[frame] & FRAME_KIND;
  }

  has(frame: number, flag: number): boolean {
    return (this.flags[frame] & flag) !== 0;
  }

  set(frame: number, flag: number): void {
    this.flags[frame] |= flag;
  }

  clear(frame: number, flag: number): void {
    this.flags[frame] &= ~flag;
  }

  /** The first frame of the folio that this frame belongs to. */
  headOf(frame: number): number {
    return frame & ~((1 << this.order[frame]) - 1);
  }
}
