import type { ScanResult } from '../core/rules/scan-result.ts';
import {
  PMD_DETACHED,
  PMD_HUGE_ZERO,
  PMD_LEAF,
  PMD_MIGRATION,
  PMD_NONE,
  type Pmd,
} from '../machine/page-tables/pmd.ts';

/**
 * The result for a PMD entry that leads to no PTE table; undefined if it leads to one.
 * Source: check_pmd_state, docs/khugepaged.md#pmd-entries.
 */
export function checkPmdState(pmd: Pmd | undefined): ScanResult | undefined {
  if (pmd === undefined || pmd.kind === PMD_NONE) return 'SCAN_NO_PTE_TABLE';
  const { kind } = pmd;
  if (kind === PMD_LEAF || kind === PMD_MIGRATION || kind === PMD_HUGE_ZERO) return 'SCAN_PMD_MAPPED';
  if (pmd.kind === PMD_DETACHED) throw new Error(`range ${pmd.number} is scanned while it is detached`);
  return undefined;
}
