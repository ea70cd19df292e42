import { isBefore } from '../../core/base/release.ts';

/** What entries of pagemap and categories of PAGEMAP_SCAN tell, by the version of the kernel. */
export interface KernelTells {
  /** Whether pagemap marks guard markers, or there are none. */
  readonly guards: boolean;
  /** Whether PAGEMAP_SCAN calls the huge zero page a zero page. */
  readonly hugeZeroPage: boolean;
}

/**
 * Guard markers came with Linux 6.13, their mark in pagemap with 6.15; the huge zero page is one for the scan
 * since 6.16 (docs/khugepaged.md#pagemap and #pagemap_scan).
 */
export function kernelTells(release: string): KernelTells {
  return {
    guards: isBefore(release, [6, 13]) || !isBefore(release, [6, 15]),
    hugeZeroPage: !isBefore(release, [6, 16]),
  };
}
