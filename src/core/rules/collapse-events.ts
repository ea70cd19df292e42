/** What all events have. */
interface Traced {
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly atNs: number;
  /** The task that did it: khugepaged, or one that called MADV_COLLAPSE. */
  readonly task: number;
}

/**
 * What the kernel traces of collapses of anonymous memory (docs/khugepaged.md#trace-events):
 * - scan: a PMD range was looked at; its attempts come before it. `status` is the kernel's own word
 * - attempt: one collapse was tried; `order` is undefined before mTHP collapse: then it is the PMD order
 * - isolate: an attempt came to its pages
 * - swapin: an attempt read pages from swap
 * - pass: a visit of an address space is over (7.2); `isRound`: the last one of the list
 * - lock: the mmap lock of an address space is waited for, held, or released
 *
 * `mm` names an address space while it lives: the low 52 bits of its address in the kernel. What a kernel
 * does not print is undefined.
 */
export type CollapseEvent =
  | (Traced & {
      readonly kind: 'scan';
      readonly mm: number;
      readonly status: string;
      readonly noneOrZero: number | undefined;
    })
  | (Traced & {
      readonly kind: 'attempt';
      readonly mm: number;
      readonly status: string;
      readonly order: number | undefined;
    })
  | (Traced & {
      readonly kind: 'isolate';
      readonly status: string;
      readonly noneOrZero: number | undefined;
      readonly order: number | undefined;
    })
  | (Traced & { readonly kind: 'swapin'; readonly mm: number; readonly swappedIn: number })
  | (Traced & {
      readonly kind: 'pass';
      readonly mm: number;
      readonly progress: number;
      readonly isRound: boolean;
    })
  | (Traced & {
      readonly kind: 'lock';
      readonly mm: number;
      readonly step: 'wait' | 'held' | 'released';
      readonly isWrite: boolean;
    });

/** Events that the kernel had no room for, by the CPU they happened on. */
export interface LostEvents {
  readonly cpu: number;
  readonly events: number;
}
