import type { Geometry } from '../memory/geometry.ts';
import { asOrder, type Order, type OrderSet, orderSet } from '../memory/order.ts';

/** What the top-level file `shmem_enabled` says. */
export const SHMEM_WORDS = ['always', 'within_size', 'advise', 'never', 'deny', 'force'] as const;
/** What `hugepages-<size>kB/shmem_enabled` says. */
export const SHMEM_SIZE_WORDS = ['always', 'inherit', 'within_size', 'advise', 'never'] as const;
/** What the mount option `huge=` of a tmpfs says. */
export const HUGE_MOUNT_WORDS = ['always', 'within_size', 'advise', 'never'] as const;

export type ShmemWord = (typeof SHMEM_WORDS)[number];
export type ShmemSizeWord = (typeof SHMEM_SIZE_WORDS)[number];
export type HugeMountWord = (typeof HUGE_MOUNT_WORDS)[number];

/** Settings of /sys/kernel/mm/transparent_hugepage for shared memory (docs/khugepaged.md#sysfs). */
export interface ShmemSettings {
  /** Top-level `shmem_enabled`. */
  readonly enabled: ShmemWord;
  /** `hugepages-<size>kB/shmem_enabled` by order; orders that are not listed are `never`. */
  readonly sizes: ReadonlyMap<Order, ShmemSizeWord>;
}

/** Those of an untouched kernel: the top level is `never`, and the PMD size inherits it. */
export function defaultShmemSettings({ pmdOrder }: Geometry): ShmemSettings {
  return { enabled: 'never', sizes: new Map([[asOrder(pmdOrder), 'inherit']]) };
}

/** Sizes of shared memory: 2^1 pages up to the PMD size. */
export function shmemOrders({ pmdOrder }: Geometry): OrderSet {
  return orderSet(Array.from({ length: pmdOrder }, (_, i) => i + 1));
}
