/** Kinds of PTE, in its low three bits (docs/khugepaged.md#pte-kinds). */
export const PTE_NONE = 0;
/** Maps a page of a folio; the value is its frame. */
export const PTE_PRESENT = 1;
/** Maps the shared zero page. */
export const PTE_ZERO = 2;
/** The value is a swap slot. */
export const PTE_SWAP = 3;
/** The page is being migrated; the value is its frame. */
export const PTE_MIGRATION = 4;
/** Marker: the address must not be touched (MADV_GUARD_INSTALL). */
export const PTE_GUARD = 5;
/** Marker: an empty PTE that userfaultfd write-protects. */
export const PTE_UFFD_MARKER = 6;
/** The page was lost to a memory error. */
export const PTE_HWPOISON = 7;
export const PTE_KIND = 7;

export const PTE_ACCESSED = 1 << 3;
export const PTE_DIRTY = 1 << 4;
export const PTE_WRITABLE = 1 << 5;
/** Tracked by userfaultfd; also kept in swap entries. */
export const PTE_UFFD = 1 << 6;

const VALUE_SHIFT = 7;

/** A PTE of this kind with these bits, whose value is a frame or a swap slot. */
export function makePte(kind: number, value: number, bits: number): number {
  return ((value << VALUE_SHIFT) | bits | kind) >>> 0;
}

/** The frame or swap slot in a PTE. */
export function pteValue(pte: number): number {
  return pte >>> VALUE_SHIFT;
}

/** Accessed, dirty, writable and userfaultfd bits of a PTE. */
export function pteBits(pte: number): number {
  return pte & (PTE_ACCESSED | PTE_DIRTY | PTE_WRITABLE | PTE_UFFD);
}
