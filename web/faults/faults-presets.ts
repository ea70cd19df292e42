import type { StepsPreset } from '../steps/steps-presets.ts';

/**
 * Histories worth looking at: the vectors of docs/khugepaged.md#page-faults, and what giving back changes.
 */
export const FAULT_PRESETS: readonly StepsPreset[] = [
  {
    id: 'fault-pmd',
    title: 'One byte is enough for 2M',
    look: 'The PMD range has no page table and lies in the VMA: the first write fills all of it.',
    params: { vma: '0-1024', history: 'w37', orders: '2-9' },
  },
  {
    id: 'fault-edge',
    title: 'A VMA that begins at page 3',
    look: 'No window with pages before 3 can be taken, so the size grows with the distance from the edge: small, 128K, 1M.',
    params: { vma: '3-1024', history: 'w3 w37 w261', orders: '2-9' },
  },
  {
    id: 'fault-decomposition',
    title: 'Every page of a VMA that is aligned to nothing',
    look: 'Written in order, pages 5 to 1019 fall into thirteen folios, the largest in the middle, and small pages at both ends.',
    params: { vma: '5-1020', history: 'w5-1019', orders: '2-9' },
  },
  {
    id: 'fault-between',
    title: 'Sizes left out',
    look: '16K and 64K alone: 64K does not fit in pages 5 to 24 around page 9, and 16K does.',
    params: { vma: '5-25', history: 'w9', orders: '2,4' },
  },
  {
    id: 'fault-occupied',
    title: 'A small page in the way',
    look: 'Every window that holds a page in use is passed over: beside page 100 nothing larger than 16K is left.',
    params: { vma: '0-1024', history: 'r100 w100 w37 w101 w103 w98', orders: '2-6' },
  },
  {
    id: 'fault-zero',
    title: 'A zero page is in the way, too',
    look: 'Page 100 was read before: its zero page is not empty, so the 256K around it cannot be filled any more.',
    params: { vma: '0-1024', history: 'r100 w37 w101', orders: '2-6' },
  },
  {
    id: 'fault-huge-zero',
    title: 'Read first, then written',
    look: 'The read maps the huge zero page, which costs nothing; the first write to it brings all 2M.',
    params: { vma: '0-512', history: 'r37 w101', orders: '2-9' },
  },
  {
    id: 'fault-no-huge-zero',
    title: 'Read first, without the huge zero page',
    look: 'With use_zero_page 0 a read alone fills 2M.',
    params: { vma: '0-512', history: 'r37 w101', orders: '2-9', zeropage: '0' },
  },
  {
    id: 'fault-dontneed',
    title: 'Given back, and written again',
    look: 'While half of the folio is mapped the page table stays, and 1M is the most; once all is given back, 2M comes again.',
    params: { vma: '0-512', history: 'w37 d0-255 w37 d0-511 w37', orders: '2-9' },
  },
];
