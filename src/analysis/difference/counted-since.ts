import { namesBoot } from '../../core/rules/boot-id.ts';
import type { Host } from '../../core/rules/memory-source.ts';

/** The machine of a reading, as far as it tells what was counted between it and another one. */
export type CountedHost = Pick<Host, 'counters'> & { readonly bootId?: string | undefined };

/** How often khugepaged went round all of its list. */
export const FULL_SCANS = 'khugepaged/full_scans';

/** How two readings stand to each other; `unknown`: one of them does not name the boot. */
export function bootsOf(before: CountedHost, after: CountedHost): 'same' | 'other' | 'unknown' {
  if (!namesBoot(before.bootId) || !namesBoot(after.bootId)) return 'unknown';
  return before.bootId === after.bootId ? 'same' : 'other';
}

/** By how much a counter grew from one reading to the other; undefined where nothing says. */
export function countedSince(before: CountedHost, after: CountedHost, name: string): number | undefined {
  if (bootsOf(before, after) !== 'same') return undefined;
  const [was, is] = [before.counters?.[name], after.counters?.[name]];
  return was === undefined || is === undefined ? undefined : is - was;
}
