import { type Result, succeed } from '../core/base/failure.ts';
import { restartRange } from '../core/fault/restart.ts';
import { pagesPerRange, rangeBytes } from '../core/memory/geometry.ts';
import { emptyOccupancy, type Occupancy, setPage } from '../core/memory/occupancy.ts';
import { asOrderSet, type OrderSet } from '../core/memory/order.ts';
import type { Guest } from './guest.ts';
import { endProgram, type GuestVma, memoryOf, pagesOf, startProgram } from './guest-programs.ts';
import { putSizes, sleepKhugepaged } from './guest-settings.ts';
import type { GuestFile } from './initramfs.ts';
import { PROBE_GEOMETRY } from './probe-batch.ts';
import { RESTART_POLICIES, RESTART_PROGRAMS } from './restart-programs.ts';

const PAGE_BYTES = 2 ** PROBE_GEOMETRY.pageShift;
const RANGE_BYTES = rangeBytes(PROBE_GEOMETRY);
const NO_SIZES = asOrderSet(0);

/** A program that started again under a policy. Bytes of anonymous memory. */
export interface RestartCase {
  readonly program: string;
  readonly policy: string;
  /** When no size was enabled. */
  readonly touched: number;
  /** What page faults are said to make of that. */
  readonly predicted: number;
  readonly real: number;
}

/** The files that the suite needs in the guest beside Node. */
export function restartFiles(programs: Uint8Array, nodeScript: Uint8Array): GuestFile[] {
  return [
    { name: 'bin/programs', content: programs, executable: true },
    { name: 'objects.mjs', content: nodeScript },
  ];
}

/**
 * Starts each program while no size is enabled, records what it touched, and starts it again under each
 * policy while khugepaged sleeps: what is huge then comes from page faults. `onProgress` hears how many cases
 * of how many are done.
 */
export async function runRestart(
  guest: Guest,
  onProgress: (done: number, of: number) => void,
): Promise<Result<RestartCase[]>> {
  const cases: RestartCase[] = [];
  const asleep = await sleepKhugepaged(guest);
  if (!asleep.ok) return asleep;
  for (const { name, command } of RESTART_PROGRAMS) {
    const recorded = await withProgram(guest, command, NO_SIZES, (pid) => record(guest, pid));
    if (!recorded.ok) return recorded;
    const touched = sum(recorded.value.map(({ vma }) => vma.anonymousBytes));
    for (const policy of RESTART_POLICIES) {
      onProgress(cases.length, RESTART_PROGRAMS.length * RESTART_POLICIES.length);
      const real = await withProgram(guest, command, policy.orders, (pid) => memoryOf(guest, pid));
      if (!real.ok) return real;
      cases.push({
        program: name,
        policy: policy.name,
        touched,
        predicted: sum(recorded.value.map((memory) => restartedBytes(memory, policy.orders))),
        real: sum(real.value.map(({ anonymousBytes }) => anonymousBytes)),
      });
    }
  }
  const done = await putSizes(guest, NO_SIZES, 'always');
  return done.ok ? succeed(cases) : done;
}

/** Runs a program with these sizes always enabled for as long as it is looked at. */
async function withProgram<T>(
  guest: Guest,
  command: string,
  orders: OrderSet,
  look: (pid: number) => Promise<Result<T>>,
): Promise<Result<T>> {
  const set = await putSizes(guest, orders, 'always');
  if (!set.ok) return set;
  const started = await startProgram(guest, command);
  if (!started.ok) return started;
  const seen = await look(started.value.pid);
  const ended = await endProgram(guest, started.value);
  return ended.ok ? seen : ended;
}

/** A VMA, and a line of the probe for each PMD range that it lies in. */
interface RecordedVma {
  readonly vma: GuestVma;
  readonly lines: readonly string[];
}

async function record(guest: Guest, pid: number): Promise<Result<RecordedVma[]>> {
  const vmas = await memoryOf(guest, pid);
  if (!vmas.ok) return vmas;
  const recorded: RecordedVma[] = [];
  for (const vma of vmas.value) {
    const first = rangeStart(vma.start);
    const lines = await pagesOf(guest, pid, first, Math.ceil((vma.end - first) / RANGE_BYTES));
    if (!lines.ok) return lines;
    recorded.push({ vma, lines: lines.value });
  }
  return succeed(recorded);
}

function rangeStart(address: number): number {
  return address - (address % RANGE_BYTES);
}

/** What page faults make of a VMA if the same pages are touched again. */
function restartedBytes({ vma, lines }: RecordedVma, orders: OrderSet): number {
  if (!vma.eligible) return vma.anonymousBytes;
  const pages = lines.map((line, i) => {
    const base = rangeStart(vma.start) + i * RANGE_BYTES;
    const span = { start: (vma.start - base) / PAGE_BYTES, end: (vma.end - base) / PAGE_BYTES };
    return restartRange(touchedOf(line, span), span, orders, PROBE_GEOMETRY).present;
  });
  return sum(pages) * PAGE_BYTES;
}

/**
 * Pages of a line of the probe that a program has touched, of those in the VMA: in folios of any order, or
 * swapped.
 */
function touchedOf(line: string, vma: { readonly start: number; readonly end: number }): Occupancy {
  const touched = emptyOccupancy(PROBE_GEOMETRY);
  const end = Math.min(vma.end, pagesPerRange(PROBE_GEOMETRY));
  for (let page = Math.max(0, vma.start); page < end; page++)
    if (/[0-9s]/.test(line[page])) setPage(touched, page);
  return touched;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
