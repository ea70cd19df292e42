/** VMA flags as a bit mask, with the two letters that smaps prints for each (docs/khugepaged.md#smaps). */
export const VM_READ = 1 << 0;
export const VM_WRITE = 1 << 1;
export const VM_HUGEPAGE = 1 << 2;
export const VM_NOHUGEPAGE = 1 << 3;
export const VM_DROPPABLE = 1 << 4;
export const VM_UFFD_MISSING = 1 << 5;
export const VM_UFFD_WP = 1 << 6;
const VM_UFFD_MINOR = 1 << 7;
const VM_IO = 1 << 8;
const VM_PFNMAP = 1 << 9;
const VM_DONTEXPAND = 1 << 10;
const VM_MIXEDMAP = 1 << 11;
const VM_HUGETLB = 1 << 12;
const VM_GROWSDOWN = 1 << 13;
const VM_SEQ_READ = 1 << 14;
const VM_RAND_READ = 1 << 15;

export const VM_UFFD_ANY = VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR;

const LETTERS: readonly (readonly [number, string])[] = [
  [VM_READ, 'rd'],
  [VM_WRITE, 'wr'],
  [VM_HUGEPAGE, 'hg'],
  [VM_NOHUGEPAGE, 'nh'],
  [VM_DROPPABLE, 'dp'],
  [VM_UFFD_MISSING, 'um'],
  [VM_UFFD_WP, 'uw'],
  [VM_UFFD_MINOR, 'ui'],
  [VM_IO, 'io'],
  [VM_PFNMAP, 'pf'],
  [VM_DONTEXPAND, 'de'],
  [VM_MIXEDMAP, 'mm'],
  [VM_HUGETLB, 'ht'],
  [VM_GROWSDOWN, 'gd'],
  [VM_SEQ_READ, 'sr'],
  [VM_RAND_READ, 'rr'],
];

/** The codes of VmFlags in smaps. */
export function vmFlagLetters(flags: number): string[] {
  return LETTERS.flatMap(([flag, letters]) => (flags & flag ? [letters] : []));
}

/** The mask of VmFlags codes; codes that the model does not know are left out. */
export function vmFlagsOf(letters: readonly string[]): number {
  let flags = 0;
  for (const [flag, code] of LETTERS) if (letters.includes(code)) flags |= flag;
  return flags;
}
