import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../src/core/memory/geometry.ts';
import { kernelTree, machineFiles, PRESENT, processFiles, SWAPPED } from './kernel-tree.ts';

/** Where the memory of process 7 begins: PMD range 64. */
export const FIRST_RANGE = 64;

/**
 * The root folder of a machine with pages of another size under Linux 7.2, whose process 7 holds seven
 * ranges, each with fewer pages than the one before, some of the last pages in swap. The PMD size alone is
 * enabled, for all memory, unless the top-level file says otherwise.
 */
export function otherMachine(geometry: Geometry, architecture: string, enabled?: 'never'): string {
  const [range, page, count] = [rangeBytes(geometry), pageBytes(geometry), pagesPerRange(geometry)];
  const start = FIRST_RANGE * range;
  const pages = new Map<number, bigint>();
  for (let r = 0; r < 7; r++)
    for (let i = 0; i < count; i++)
      if ((i * 7 + r * 3) % 8 > r)
        pages.set((start + r * range) / page + i, i === count - 1 ? SWAPPED : PRESENT);
  const present = [...pages.values()].filter((entry) => entry === PRESENT).length;
  const kB = (present * page) / 1024;
  const sums = { Rss: kB, Referenced: kB, Anonymous: kB };
  const THP = 'sys/kernel/mm/transparent_hugepage';
  const smaller = Array.from({ length: geometry.pmdOrder - 2 }, (_, i) => (page << (i + 2)) / 1024);
  return kernelTree({
    ...machineFiles(geometry, {
      'proc/sys/kernel/osrelease': '7.2.13\n',
      'proc/sys/kernel/arch': `${architecture}\n`,
      [`${THP}/khugepaged/max_ptes_none`]: `${count - 1}\n`,
      [`${THP}/khugepaged/max_ptes_swap`]: `${count / 8}\n`,
      [`${THP}/khugepaged/max_ptes_shared`]: `${count / 2}\n`,
      [`${THP}/khugepaged/defrag`]: '1\n',
      [`${THP}/khugepaged/pages_to_scan`]: `${count * 8}\n`,
      [`${THP}/khugepaged/scan_sleep_millisecs`]: '10000\n',
      [`${THP}/khugepaged/alloc_sleep_millisecs`]: '60000\n',
      [`${THP}/khugepaged/full_scans`]: '3\n',
      [`${THP}/khugepaged/pages_collapsed`]: '0\n',
      [`${THP}/shrink_underused`]: '1\n',
      ...(enabled && { [`${THP}/enabled`]: 'always madvise [never]\n' }),
      ...Object.fromEntries(
        smaller.map((size) => [`${THP}/hugepages-${size}kB/enabled`, 'always inherit madvise [never]\n']),
      ),
    }),
    ...processFiles(7, { vmas: [{ start, end: start + 8 * range, sums }], pages }),
  }).root;
}
