import { roundUp } from '../../core/base/round.ts';
import { highestOrder, orderSet } from '../../core/memory/order.ts';
import type { CachedFile } from '../../core/rules/page-cache.ts';
import type { ShmemSettings } from '../../core/rules/shmem-settings.ts';
import type { Machine } from '../machine.ts';
import type { MmapRequest } from './address-space.ts';

/** Where an address may lie: a multiple of `alignment`, and so many bytes behind it. */
export interface Placement {
  readonly alignment: number;
  readonly skew: number;
}

/**
 * How mmap aligns a mapping for which nobody names an address, by the settings of the moment; undefined where
 * it lies at any page. Anonymous memory is aligned to the PMD size if its length is a multiple of it. A file
 * is aligned to its own PMD ranges if it maps one of them whole, shared memory only where its settings may
 * ever give it a large folio.
 * Source: thp_get_unmapped_area and shmem_get_unmapped_area, docs/khugepaged.md#layout-of-mappings.
 */
export function placementOf(machine: Machine, bytes: number, { file }: MmapRequest): Placement | undefined {
  const { rangeBytes, pageBytes, settings } = machine;
  if (!file) return bytes % rangeBytes === 0 ? { alignment: rangeBytes, skew: 0 } : undefined;
  const alignment = fileAlignment(file.pages.file, file.isAnonymous === true, settings.shmem, machine);
  const from = file.page * pageBytes;
  const mapsWhole = roundUp(from, alignment) + alignment <= from + bytes;
  return alignment > pageBytes && bytes >= rangeBytes && mapsWhole
    ? { alignment, skew: from % alignment }
    : undefined;
}

/** In bytes; a page is no alignment at all. */
function fileAlignment(
  { kind, hugeMount = 'never' }: CachedFile,
  isAnonymous: boolean,
  { enabled, sizes }: ShmemSettings,
  { rangeBytes, pageBytes }: Machine,
): number {
  if (kind === 'file' || enabled === 'force') return rangeBytes;
  if (enabled === 'deny') return pageBytes;
  if (kind === 'tmpfs') return hugeMount === 'never' ? pageBytes : rangeBytes;
  // The sizes are asked only where there is no file: of a memfd the top level decides alone.
  if (!isAnonymous) return enabled === 'never' ? pageBytes : rangeBytes;
  const counting = [...sizes].filter(([, word]) =>
    word === 'inherit' ? enabled !== 'never' : word !== 'never',
  );
  const largest = highestOrder(orderSet(counting.map(([order]) => order)));
  if (largest !== undefined) return pageBytes * 2 ** largest;
  return enabled === 'never' ? pageBytes : rangeBytes;
}
