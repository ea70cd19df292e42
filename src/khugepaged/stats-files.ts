import { MIN_ANON_ORDER, type Order } from '../core/memory/order.ts';
import { ANON_STATS, MTHP_STAT_NAMES, type MthpStatName, SHMEM_STATS } from '../machine/counters.ts';
import type { Machine } from '../machine/machine.ts';
import type { DaemonModel } from './daemon-model.ts';

const ANY = [
  'zswpout',
  'swpin',
  'swpin_fallback',
  'swpin_fallback_charge',
  'swpout',
  'swpout_fallback',
  'split',
  'split_failed',
  'collapse_alloc',
  'collapse_alloc_failed',
];

/**
 * The files of hugepages-<size>kB/stats for an order, each with a reader; what the model never raises is 0
 * (docs/khugepaged.md#statistics).
 */
export function statsFiles(machine: Machine, model: DaemonModel, order: Order): [string, () => number][] {
  return [...ANY, ...(order >= MIN_ANON_ORDER ? ANON_STATS : []), ...SHMEM_STATS]
    .filter((name) => model.knowsOrders || !name.startsWith('collapse_'))
    .map((name) => [name, () => (isRaised(name) ? machine.counters.mthp[name][order] : 0)]);
}

function isRaised(name: string): name is MthpStatName {
  return (MTHP_STAT_NAMES as readonly string[]).includes(name);
}
