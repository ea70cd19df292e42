import type { AllocMode } from '../frames/frame-alloc.ts';
import type { Machine } from '../machine.ts';
import type { Memcg } from './memcg.ts';
import { reclaim } from './reclaim.ts';

const CHARGE_RETRIES = 3;

/**
 * Charges pages to a memory cgroup and all above it. In the direct mode it first reclaims from the group that
 * is full. False if a limit does not allow it. Source: mem_cgroup_charge, docs/khugepaged.md#allocation.
 */
export function charge(machine: Machine, memcg: Memcg, pages: number, mode: AllocMode): boolean {
  let full = memcg.charge(pages);
  if (full === undefined) return true;
  for (let retry = 0; retry < CHARGE_RETRIES && mode === 'direct'; retry++) {
    const { freed } = reclaim(machine, { pages: Math.max(32, pages), memcg: full });
    full = memcg.charge(pages);
    if (full === undefined) return true;
    if (freed === 0) break;
  }
  full.refused++;
  return false;
}
