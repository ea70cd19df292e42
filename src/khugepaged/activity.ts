import type { Order } from '../core/memory/order.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';

/** Where khugepaged's CPU time goes. */
const PHASES = [
  'wake',
  'scan',
  'allocate',
  'revalidate',
  'swapin',
  'detach',
  'isolate',
  'copy',
  'install',
] as const;
export type Phase = (typeof PHASES)[number];

/** What collapsing has done since the machine began; it only grows. */
export class Activity {
  /** Ranges by the result of their scan, or of the walk if it ran. */
  readonly ranges = new Map<ScanResult, number>();
  /** Attempts by order and result. */
  readonly attempts = new Map<Order, Map<ScanResult, number>>();
  /** CPU time by phase, in ns. */
  readonly cpuNs = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>;
  /** PTEs looked at by scans. */
  scannedPtes = 0;
  /**
   * Times that a PMD entry was cleared: each is a TLB flush of the whole range, under the mmap lock for
   * write.
   */
  detaches = 0;
  /** Base pages copied to new folios that were then installed. */
  copiedPages = 0;
  /** Empty and zero-page PTEs that became pages: so much RSS grew. */
  filledPages = 0;
  /** Holes in the page cache that collapses made pages of: so much it grew, and no RSS. */
  cacheFilledPages = 0;
  /** Base pages that attempts read from swap. */
  swappedInPages = 0;

  get totalCpuNs(): number {
    return PHASES.reduce((sum, phase) => sum + this.cpuNs[phase], 0);
  }

  countRange(result: ScanResult): void {
    this.ranges.set(result, (this.ranges.get(result) ?? 0) + 1);
  }

  countAttempt(order: Order, result: ScanResult): void {
    let results = this.attempts.get(order);
    if (!results) this.attempts.set(order, (results = new Map()));
    results.set(result, (results.get(result) ?? 0) + 1);
  }
}
