import type { Host } from '../../core/rules/memory-source.ts';
import { type ChangedSetting, changedSettings } from '../sweep/changed-settings.ts';
import { type CountedHost, countedSince, FULL_SCANS } from './counted-since.ts';
import { type CounterChange, counterChanges } from './counter-changes.ts';
import { type IdentifiedHost, type Identity, identityOf } from './identity.ts';

/** What changed around memory between two readings. */
export interface MachineDifference extends Identity {
  /** Milliseconds from the first reading to the second. */
  readonly elapsedMs: number;
  readonly settings: readonly ChangedSetting[];
  /** Undefined where they are not known of both readings of one boot. */
  readonly counters: readonly CounterChange[] | undefined;
  /**
   * How often khugepaged went round all of its list since, and that count now; undefined where nothing says.
   */
  readonly fullScans: { readonly since: number; readonly now: number } | undefined;
}

type ReadHost = Pick<Host, 'geometry' | 'settings'> & CountedHost & IdentifiedHost;

/** The difference of the machines of two readings, so many milliseconds apart. */
export function machineDifference(before: ReadHost, after: ReadHost, elapsedMs: number): MachineDifference {
  const identity = identityOf(before, after);
  const counters = identity.boot === 'same' ? { before: before.counters, after: after.counters } : undefined;
  const rounds = countedSince(before, after, FULL_SCANS);
  return {
    elapsedMs,
    ...identity,
    settings: changedSettings(before.settings, after.settings, before.geometry),
    counters: counters?.before && counters.after && counterChanges(counters.before, counters.after),
    fullScans: rounds === undefined ? undefined : { since: rounds, now: after.counters?.[FULL_SCANS] ?? 0 },
  };
}
