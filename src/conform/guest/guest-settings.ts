import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { LIMIT_FILES, LIMITS, sizeFolder, THP_FOLDER } from '../../core/base/sysfs.ts';
import { type Order, type OrderSet, ordersOf } from '../../core/memory/order.ts';
import type { CollapseLimits } from '../../core/rules/policy.ts';
import { PROBE_GEOMETRY } from '../probe/probe-batch.ts';
import type { Guest } from './guest.ts';

const TIMEOUT_MS = 300_000;
const MIN_ORDER = 2;

/** A value for a file of sysfs. */
export interface SettingWrite {
  readonly path: string;
  readonly value: string;
}

/** Switches sizes to a word, and all others off. */
export async function putSizes(
  guest: Guest,
  orders: OrderSet,
  word: 'always' | 'madvise',
): Promise<Result<void>> {
  const on = new Set<number>(ordersOf(orders));
  const all = Array.from({ length: PROBE_GEOMETRY.pmdOrder - 1 }, (_, i) => MIN_ORDER + i);
  return putFiles(
    guest,
    all.map((order) => [`${sizeFolder(4096 << order)}/enabled`, on.has(order) ? word : 'never']),
  );
}

/** Sets the limits of khugepaged. */
export function putLimits(guest: Guest, limits: CollapseLimits): Promise<Result<void>> {
  return putFiles(
    guest,
    LIMITS.map((limit) => [`khugepaged/${LIMIT_FILES[limit]}`, String(limits[limit])]),
  );
}

/** khugepaged waits for longer than any suite takes. */
export function sleepKhugepaged(guest: Guest): Promise<Result<void>> {
  return putFiles(guest, [['khugepaged/scan_sleep_millisecs', '1000000000']]);
}

/** khugepaged goes round from now on. */
export function wakeKhugepaged(guest: Guest): Promise<Result<void>> {
  return putFiles(guest, [['khugepaged/scan_sleep_millisecs', '30']]);
}

/** Lets khugepaged go over all processes so often. On a busy machine it is waited for more than once. */
export async function runKhugepaged(guest: Guest, fullScans: number): Promise<Result<void>> {
  const woken = await wakeKhugepaged(guest);
  if (!woken.ok) return woken;
  for (let waits = 0; waits < 3; waits++) {
    const scanned = await guest.ask([`scans ${fullScans}`], TIMEOUT_MS);
    if (!scanned.ok) return scanned;
    if (scanned.value.at(-1) === 'done') return sleepKhugepaged(guest);
  }
  return fail(
    'unreadable',
    'khugepaged did not go round in time; the guest is too slow or its khugepaged stands still',
  );
}

/** The sizes of a policy as a file of `--policy` has them. */
export function policyFile(orders: OrderSet, word: 'always' | 'madvise', maxPtesNone: number): Uint8Array {
  const sizes = Object.fromEntries(ordersOf(orders).map((order) => [sizeName(order), word]));
  return Buffer.from(JSON.stringify({ enabled: 'madvise', sizes, maxPtesNone }));
}

function putFiles(guest: Guest, values: readonly (readonly [string, string])[]): Promise<Result<void>> {
  return putSettings(
    guest,
    values.map(([file, value]) => ({ path: `${THP_FOLDER}/${file}`, value })),
  );
}

/** Writes settings, one after the other. */
export async function putSettings(guest: Guest, writes: readonly SettingWrite[]): Promise<Result<void>> {
  for (const { path, value } of writes) {
    const done = await guest.ask([`put ${path} ${value}`], TIMEOUT_MS);
    if (!done.ok) return done;
  }
  return succeed(undefined);
}

function sizeName(order: Order): string {
  return order < 8 ? `${4 << order}K` : `${1 << (order - 8)}M`;
}
