import type { Geometry } from '../memory/geometry.ts';

/**
 * Whether machines of this geometry free page tables that MADV_DONTNEED leaves empty (PT_RECLAIM): x86-64
 * and arm64 do, and ppc64 with 64K pages and PMD order 5 does not. Source: docs/khugepaged.md#page-faults,
 * rule 5.
 */
export function freesEmptyTables({ pageShift, pmdOrder }: Geometry): boolean {
  return !(pageShift === 16 && pmdOrder === 5);
}
