import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import type { ScanResult } from '../../src/core/rules/scan-result.ts';

const PAGE = 4096;
export const RANGE = rangeBytes(x86_64);
/** What one table of PMD entries serves. */
export const UPPER = 512 * RANGE;

/** Memory that the occupant makes, and a MADV_COLLAPSE call over it. */
export interface MadviseCase {
  readonly name: string;
  /** The mapping; a range of nothing by default. */
  readonly map?: string;
  /**
   * Commands of the occupant. ADDR is the first range of the mapping, ADDR+1 the next; OTHER a range
   * elsewhere.
   */
  readonly commands: readonly string[];
  /**
   * Start and length in bytes; the start counts from ADDR. By default from ADDR to the end of the mapping.
   */
  readonly call?: readonly [start: number, length: number];
  /** What ADDR is, if not the start of the mapping. */
  readonly base?: (address: number) => number;
  /**
   * What nothing shows from outside: ranges whose page table is empty, and pages of the first range that are
   * pinned.
   */
  readonly emptyTables?: readonly number[];
  readonly pinned?: string;
  /** Why the strictest khugepaged of 7.2 would leave the first range alone. */
  readonly refused?: ScanResult;
}

const NONE = 'SCAN_EXCEED_NONE_PTE';
export const MADVISE_CASES: readonly MadviseCase[] = [
  { name: 'a full range', commands: ['touch ADDR 0-511'] },
  { name: 'a single page', commands: ['touch ADDR 7'], refused: NONE },
  { name: 'every second page', commands: ['touch ADDR 0-511:1/2'], refused: NONE },
  { name: 'zero pages where nothing was ever written', commands: ['read ADDR 0-511'] },
  {
    name: 'zero pages where something else was written',
    map: 'map 2',
    commands: ['read ADDR 0-511', 'touch ADDR+1 0'],
    refused: NONE,
  },
  { name: 'nothing at all', commands: [] },
  {
    name: 'an empty page table',
    map: 'map 2',
    commands: ['touch ADDR 0-9', 'drop ADDR 0-9', 'touch ADDR+1 0'],
    emptyTables: [0],
  },
  { name: 'no page table in the second range', map: 'map 2', commands: ['touch ADDR 0'] },
  {
    name: 'no page table in the second range of three',
    map: 'map 3',
    commands: ['touch ADDR 0', 'touch ADDR+2 0'],
  },
  { name: 'no page table in the first range', map: 'map 2', commands: ['touch ADDR+1 0'] },
  {
    name: 'no PMD table for the first range',
    map: 'map 1040',
    base: (address) => Math.ceil(address / UPPER) * UPPER + UPPER - RANGE,
    commands: ['touch ADDR+1 0', 'touch ADDR+2 0'],
    call: [0, 3 * RANGE],
  },
  {
    name: 'pages shared by fork',
    commands: ['touch ADDR 0-511', 'fork ADDR'],
    refused: 'SCAN_EXCEED_SHARED_PTE',
  },
  {
    name: 'pages not used of late',
    commands: ['touch ADDR 0-511', 'forget-use'],
    refused: 'SCAN_LACK_REFERENCED_PAGE',
  },
  {
    // MADV_COLLAPSE elsewhere drains the per-CPU batches through which MADV_FREE takes effect.
    name: 'MADV_FREE pages',
    commands: ['touch ADDR 0-511', 'thp OTHER', 'free ADDR 3-9', 'thp OTHER'],
    refused: 'SCAN_PAGE_LAZYFREE',
  },
  { name: 'swap entries', commands: ['touch ADDR 0-511', 'pageout ADDR 100-299'] },
  { name: 'a guard marker', map: 'map 2', commands: ['touch ADDR 0-1023', 'guard ADDR 7'] },
  {
    name: 'a pinned page',
    map: 'map 2',
    commands: ['touch ADDR 0-1023', 'pin ADDR 5'],
    pinned: '5',
  },
  {
    name: 'a pinned page, then no page table',
    map: 'map 2',
    commands: ['touch ADDR 0-511', 'pin ADDR 5'],
    pinned: '5',
  },
  {
    name: 'userfaultfd armed: a hole',
    map: 'map 2',
    commands: ['touch ADDR 1-1023', 'uffd ADDR 2 wp 1023'],
    refused: NONE,
  },
  {
    name: 'userfaultfd armed: a zero page',
    map: 'map 2',
    commands: ['touch ADDR 1-1023', 'read ADDR 0', 'uffd ADDR 2 wp 1023'],
    refused: NONE,
  },
  {
    name: 'userfaultfd armed: no hole, no tracked page',
    map: 'map 2',
    commands: ['touch ADDR 0-1023', 'uffd ADDR 2 wp 1023'],
    call: [0, RANGE],
  },
  {
    name: 'userfaultfd armed: a tracked page',
    map: 'map 2',
    commands: ['touch ADDR 0-1023', 'uffd ADDR 2 wp 3'],
    refused: 'SCAN_PTE_UFFD',
  },
  {
    name: 'userfaultfd armed: a marker in an empty PTE',
    map: 'map 2',
    commands: ['touch ADDR 0-1023', 'drop ADDR 9', 'uffd ADDR 2 wp 9'],
  },
  { name: 'a THP already', commands: ['touch ADDR 0-511', 'thp ADDR'], refused: 'SCAN_PMD_MAPPED' },
  {
    name: 'a THP, small pages, a THP',
    map: 'map 3',
    commands: ['touch ADDR 0-1535', 'thp ADDR', 'thp ADDR+2'],
  },
  { name: 'a THP that is mapped by PTEs', commands: ['touch ADDR 0-511', 'thp ADDR', 'split ADDR'] },
  {
    name: 'the rest of a THP',
    commands: ['touch ADDR 0-511', 'thp ADDR', 'split ADDR', 'drop ADDR 2-511'],
    refused: NONE,
  },
  {
    name: 'a THP shared by fork, of which some pages are copied',
    commands: ['touch ADDR 0-511', 'thp ADDR', 'fork ADDR', 'touch ADDR 0-9'],
    refused: 'SCAN_EXCEED_SHARED_PTE',
  },
  { name: 'MADV_NOHUGEPAGE', map: 'map 1 nohugepage', commands: ['touch ADDR 0-511'] },
  {
    name: 'MADV_NOHUGEPAGE in the second of three',
    map: 'map 3',
    commands: ['touch ADDR 0-1535', 'advise ADDR+1 1 nohugepage'],
  },
  { name: 'THP disabled by prctl', commands: ['touch ADDR 0-511', 'prctl-thp-disable 1'] },
  { name: 'read-only', commands: ['touch ADDR 0-99', 'protect ADDR read'], refused: NONE },
  { name: 'PROT_NONE', commands: ['touch ADDR 0-511', 'protect ADDR none'] },
  { name: 'a VMA without a whole range', map: 'map-unaligned 9 0 9', commands: ['touch ADDR 0-8'] },
  {
    name: 'a VMA with edges',
    map: 'map-unaligned 10 1 20',
    commands: ['touch ADDR 0-531'],
    call: [-10 * PAGE, RANGE + 30 * PAGE],
  },
  {
    name: 'inside the edge of a VMA',
    map: 'map-unaligned 10 1 20',
    commands: ['touch ADDR 0-531'],
    call: [RANGE + 2 * PAGE, 5 * PAGE],
  },
  {
    name: 'a range in two VMAs, both with others',
    map: 'map 3',
    commands: ['touch ADDR 0-1535', 'mlock ADDR 700-1535'],
  },
  {
    name: 'two ranges in three VMAs, the second with no whole one',
    map: 'map 4',
    commands: ['touch ADDR 0-2047', 'mlock ADDR 700-1200'],
  },
  { name: 'a page inside a range', commands: ['touch ADDR 0-511'], call: [PAGE, PAGE] },
  { name: 'all but the ends of a range', commands: ['touch ADDR 0-511'], call: [PAGE, RANGE - 2 * PAGE] },
  { name: 'the first page of a range', commands: ['touch ADDR 0-511'], call: [0, PAGE] },
  { name: 'the last page of a range', commands: ['touch ADDR 0-511'], call: [RANGE - PAGE, PAGE] },
  {
    name: 'pages around the end of a range',
    map: 'map 2',
    commands: ['touch ADDR 0-1023'],
    call: [RANGE - PAGE, 2 * PAGE],
  },
  { name: 'a start inside a page', commands: ['touch ADDR 0-511'], call: [1, RANGE - 1] },
  { name: 'a start inside a page, no length', commands: ['touch ADDR 0-511'], call: [1, 0] },
  { name: 'no length', commands: ['touch ADDR 0-511'], call: [0, 0] },
  { name: 'no length inside a range', commands: ['touch ADDR 0-511'], call: [PAGE, 0] },
  { name: 'a length inside the last page', commands: ['touch ADDR 0-511'], call: [0, RANGE - PAGE + 1] },
  { name: 'a length up to the last page', commands: ['touch ADDR 0-511'], call: [0, RANGE - PAGE] },
  {
    name: 'unmapped pages between',
    map: 'map 3',
    commands: ['touch ADDR 0-1535', 'unmap ADDR 512-1023'],
  },
  { name: 'unmapped pages before', map: 'map 2', commands: ['touch ADDR 0-1023', 'unmap ADDR 0-511'] },
  { name: 'unmapped pages after', map: 'map 2', commands: ['touch ADDR 0-1023', 'unmap ADDR 512-1023'] },
  { name: 'unmapped pages alone', commands: ['touch ADDR 0-511', 'unmap ADDR 0-511'] },
  {
    name: 'unmapped pages, then MADV_NOHUGEPAGE',
    map: 'map 4',
    commands: ['touch ADDR 0-2047', 'unmap ADDR 512-1023', 'advise ADDR+2 1 nohugepage'],
  },
  {
    name: 'unmapped pages, then a pinned page',
    map: 'map 4',
    commands: ['touch ADDR 0-2047', 'unmap ADDR 512-1023', 'pin ADDR 5'],
    pinned: '5',
  },
];
