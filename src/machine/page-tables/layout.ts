import { roundUp } from '../../core/base/round.ts';
import { asOrder } from '../../core/memory/order.ts';
import { mappingAlignment } from '../../core/rules/mapping-alignment.ts';
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
  const pmdOrder = asOrder(machine.geometry.pmdOrder);
  const order = mappingAlignment(file.pages.file, file.isAnonymous === true, settings.shmem, pmdOrder);
  const alignment = pageBytes * 2 ** order;
  const from = file.page * pageBytes;
  const mapsWhole = roundUp(from, alignment) + alignment <= from + bytes;
  return alignment > pageBytes && bytes >= rangeBytes && mapsWhole
    ? { alignment, skew: from % alignment }
    : undefined;
}
