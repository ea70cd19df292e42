import type { VmstatName } from '../../../src/machine/counters.ts';
import type { Machine } from '../../../src/machine/machine.ts';

/**
 * Names that the file has and the model never raises, each after the name that it follows
 * (docs/khugepaged.md#vmstat).
 */
const ALWAYS_ZERO: Partial<Record<VmstatName, readonly string[]>> = {
  thp_collapse_alloc_failed: [
    'thp_file_alloc',
    'thp_file_fallback',
    'thp_file_fallback_charge',
    'thp_file_mapped',
  ],
  thp_scan_exceed_share_pte: ['thp_split_pud'],
};

/** The lines of /proc/vmstat that the model knows, in file order: "thp_collapse_alloc 3". */
export function vmstatLines({ counters }: Machine): string[] {
  return (Object.keys(counters.vmstat) as VmstatName[]).flatMap((name) => [
    `${name} ${counters.vmstat[name]}`,
    ...(ALWAYS_ZERO[name] ?? []).map((zero) => `${zero} 0`),
  ]);
}
