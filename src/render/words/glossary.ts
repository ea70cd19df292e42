import { formatBytes } from '../../core/base/bytes.ts';
import { type Geometry, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';

/** A word and what it means, in a sentence without its subject. */
export type Word = readonly [word: string, meaning: string];

const SHARED: readonly Word[] = [
  ['folio, order', 'memory that the kernel handles as one piece: 2 to the power of the order pages'],
  [
    'huge',
    'in a folio larger than one page; collapsing makes one of small pages, by copying them. Now and then, it is memory in use: what a collapse fills is growth',
  ],
  ['attempt', 'one window that khugepaged tries: it allocates a folio and holds the mmap lock for writing'],
  [
    'max_ptes_none',
    'how many empty pages of a PMD range a collapse may fill with new memory; for smaller sizes only 0 and the maximum mean something',
  ],
];

/** Words of a report. */
export function reportWords(geometry: Geometry): readonly Word[] {
  const range = `the memory that one entry of a page middle directory covers: ${pagesPerRange(geometry)} pages, ${formatBytes(rangeBytes(geometry))}`;
  return [['PMD range', range], ...SHARED];
}

/** Words of the app: those of a report, and what its maps and steps show. */
export function appWords(geometry: Geometry): readonly Word[] {
  return [
    ...reportWords(geometry),
    [
      'PTE',
      'page table entry: the place of one page in a PMD range; it maps a page, says where in swap it is, or is empty',
    ],
    [
      'window',
      'a part of a PMD range that could become one folio: as large as the folio, and aligned to its size',
    ],
    ['in use', 'PTEs that map memory: not those that are empty, in swap or of the zero page'],
    ['filled', 'empty before the collapse: new, zeroed memory that makes the process larger'],
    [
      'later pass',
      'a pass of khugepaged over memory that it has already dealt with: it tries again what failed',
    ],
    [
      'stack, walk',
      'two ways to search a PMD range for windows: with the windows to come on a stack, or from one to the next',
    ],
  ];
}
