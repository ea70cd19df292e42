import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { asOrderSet } from '../../core/memory/order.ts';
import { defaultLimits } from '../../core/rules/policy.ts';
import type { Guest } from '../guest/guest.ts';
import { GUEST_PACKAGE } from '../guest/guest-files.ts';
import {
  askThpscope,
  endProgram,
  pagesOf,
  runProgram,
  signalProcess,
  startProgram,
} from '../guest/guest-programs.ts';
import { policyFile, putLimits, putSizes, runKhugepaged, sleepKhugepaged } from '../guest/guest-settings.ts';
import type { GuestFile } from '../guest/initramfs.ts';
import type { BootableKernel } from '../guest/kernels.ts';
import { PROBE_GEOMETRY } from '../probe/probe-batch.ts';
import type { LiveCase } from './live-case.ts';
import { readPrediction } from './live-prediction.ts';
import { LIVE_POLICIES, type LivePolicy } from './live-states.ts';

/** Asks a state for its advice, and for its registration: see kernel-lab/live/states.c. */
const [ADVISE, REGISTER] = [10, 12];
/** Until nothing changes any more: what one pass leaves in a per-CPU batch, the next one finds drained. */
const FULL_SCANS = 4;
const RANGE_BYTES = 2 ** (PROBE_GEOMETRY.pageShift + PROBE_GEOMETRY.pmdOrder);
const NO_SIZES = asOrderSet(0);

/** Looks at processes frame by frame, and compares with the reader of a build. */
const EVERY_FRAME = 'every-frame.mjs';

/** The files that the suite needs in the guest beside the package. */
export function liveFiles(states: Uint8Array, everyFrame: Uint8Array): GuestFile[] {
  return [
    { name: 'bin/states', content: states, executable: true },
    { name: EVERY_FRAME, content: everyFrame },
    ...LIVE_POLICIES.map(({ orders, word, maxPtesNone }, i) => ({
      name: policyName(i),
      content: policyFile(orders, word, maxPtesNone),
    })),
  ];
}

function policyName(index: number): string {
  return `policies/live-${index}.json`;
}

/** A process of a state. */
interface LiveProcess {
  readonly state: string;
  /** The process looked at, and that which was started: they differ if it forks. */
  readonly pid: number;
  readonly started: number;
  readonly address: number;
  readonly ranges: number;
}

/**
 * Makes a process in every state, predicts all with the package in the guest, and lets khugepaged run, under
 * each policy. What the package reads must be what a look at every frame sees, before and after. `onProgress`
 * hears how many cases of how many are done.
 */
export async function runLive(
  guest: Guest,
  kernel: BootableKernel,
  onProgress: (done: number, of: number) => void,
): Promise<Result<LiveCase[]>> {
  const states = await runProgram(guest, '/bin/states');
  if (!states.ok) return states;
  const counted = await checkCounters(guest);
  if (!counted.ok) return counted;
  const cases: LiveCase[] = [];
  for (const policy of LIVE_POLICIES) {
    onProgress(cases.length, states.value.length * LIVE_POLICIES.length);
    const under = await runPolicy(guest, kernel, policy, states.value);
    if (!under.ok) return under;
    cases.push(...under.value);
  }
  return succeed(cases);
}

async function runPolicy(
  guest: Guest,
  kernel: BootableKernel,
  policy: LivePolicy,
  states: readonly string[],
): Promise<Result<LiveCase[]>> {
  for (const step of [() => sleepKhugepaged(guest), () => putSizes(guest, NO_SIZES, 'always')]) {
    const done = await step();
    if (!done.ok) return done;
  }
  const processes: LiveProcess[] = [];
  for (const [slot, state] of states.entries()) {
    const process = await startState(guest, state, slot);
    if (!process.ok) return process;
    processes.push(process.value);
  }
  const advised = await signalAll(guest, processes, ADVISE);
  if (!advised.ok) return advised;
  const pids = processes.map(({ pid }) => pid).join(',');
  const file = policyName(LIVE_POLICIES.indexOf(policy));
  const json = await askThpscope(
    guest,
    `predict -p ${pids} --policy /${file} --kernel ${kernel.model.name} --json`,
  );
  if (!json.ok) return json;
  const prediction = readPrediction(json.value);
  const before = await allPages(guest, processes);
  if (!before.ok) return before;
  for (const step of [
    () => compareReaders(guest, processes),
    () => collapseAll(guest, policy, processes),
    () => compareReaders(guest, processes),
  ]) {
    const done = await step();
    if (!done.ok) return done;
  }
  const real = await allPages(guest, processes);
  if (!real.ok) return real;
  for (const { started } of processes) {
    const ended = await endProgram(guest, { pid: started });
    if (!ended.ok) return ended;
  }
  return succeed(
    processes.map(({ state, pid, address }, i) => ({
      state,
      policy: policy.name,
      before: before.value[i],
      predicted: before.value[i].map((_, r) => prediction.range(pid, address + r * RANGE_BYTES)),
      real: real.value[i],
      assumed: prediction.assumed(pid),
      skipped: prediction.skipped(pid),
    })),
  );
}

/** What every-frame.mjs says of a process. */
interface Compared {
  /** Facts that the package left unknown. */
  readonly unknown: readonly string[];
  /** Whether the counters of the machine say that PMD entries map every large folio. */
  readonly pmdEntriesMapAll: boolean;
}

/** Fails where the package reads a process otherwise than a look at every frame does. */
async function compareReaders(
  guest: Guest,
  processes: readonly LiveProcess[],
): Promise<Result<readonly Compared[]>> {
  const pids = processes.map(({ pid }) => pid).join(' ');
  const lines = await runProgram(guest, `node /${EVERY_FRAME} /${GUEST_PACKAGE}/dist ${pids}`);
  return lines.ok ? succeed(lines.value.map((line) => JSON.parse(line) as Compared)) : lines;
}

/**
 * What else is on the machine while a process of small pages is looked at, and what the counters must say
 * then. Frames need no look where they say that PMD entries map all, so that locks stay unknown; with folios
 * of 64K each has to be looked at.
 */
const SURROUNDINGS = [
  { state: 'huge', mapAll: true, unknown: ['locked'] },
  { state: 'huge-by-ptes', mapAll: false, unknown: ['locked'] },
  { state: 'folios-64k', mapAll: false, unknown: [] },
] as const;

/** Splits huge pages without end, so that counters move while others are looked at. */
const SPLITTER = 'split-for-ever';

/**
 * Whether the package believes the counters of large folios where it may, and nowhere else: what it reads of
 * a process is what a look at every frame sees, whatever folios others have and while these are split.
 */
async function checkCounters(guest: Guest): Promise<Result<void>> {
  for (const step of [() => sleepKhugepaged(guest), () => putSizes(guest, NO_SIZES, 'always')]) {
    const done = await step();
    if (!done.ok) return done;
  }
  const looked = await startState(guest, 'plain-full', 0);
  if (!looked.ok) return looked;
  for (const { state, mapAll, unknown } of SURROUNDINGS) {
    const other = await startState(guest, state, 1);
    if (!other.ok) return other;
    const compared = await compareReaders(guest, [looked.value, other.value]);
    if (!compared.ok) return compared;
    const [{ pmdEntriesMapAll, unknown: left }] = compared.value;
    if (pmdEntriesMapAll !== mapAll || left.join() !== unknown.join())
      return fail(
        'unreadable',
        `beside '${state}' counters say ${pmdEntriesMapAll}, and left unknown is '${left.join()}'`,
      );
    const ended = await endProgram(guest, { pid: other.value.started });
    if (!ended.ok) return ended;
  }
  const splitter = await startState(guest, SPLITTER, 1);
  if (!splitter.ok) return splitter;
  const compared = await compareReaders(guest, [looked.value]);
  if (!compared.ok) return compared;
  for (const { started } of [splitter.value, looked.value]) {
    const ended = await endProgram(guest, { pid: started });
    if (!ended.ok) return ended;
  }
  return succeed(undefined);
}

async function startState(guest: Guest, state: string, slot: number): Promise<Result<LiveProcess>> {
  const started = await startProgram(guest, `/bin/states ${state} ${slot}`);
  if (!started.ok) return started;
  const ready = /^ready ([0-9a-f]+) (\d+) (\d+)$/.exec(started.value.line);
  if (!ready) return fail('unreadable', `the guest cannot make the state ${state}: ${started.value.line}`);
  const [address, ranges, pid] = [Number.parseInt(ready[1], 16), Number(ready[2]), Number(ready[3])];
  return succeed({ state, pid, started: started.value.pid, address, ranges });
}

async function signalAll(
  guest: Guest,
  processes: readonly LiveProcess[],
  signal: number,
): Promise<Result<void>> {
  for (const { pid } of processes) {
    const done = await signalProcess(guest, pid, signal);
    if (!done.ok) return done;
  }
  return succeed(undefined);
}

/** khugepaged works under a policy until nothing changes any more, and sleeps again. */
async function collapseAll(
  guest: Guest,
  { orders, word, maxPtesNone }: LivePolicy,
  processes: readonly LiveProcess[],
): Promise<Result<void>> {
  const steps = [
    () => putLimits(guest, { ...defaultLimits(PROBE_GEOMETRY), maxPtesNone }),
    () => putSizes(guest, orders, word),
    () => signalAll(guest, processes, REGISTER),
    () => runKhugepaged(guest, FULL_SCANS),
    () => putSizes(guest, NO_SIZES, 'always'),
  ];
  for (const step of steps) {
    const done = await step();
    if (!done.ok) return done;
  }
  return succeed(undefined);
}

async function allPages(guest: Guest, processes: readonly LiveProcess[]): Promise<Result<string[][]>> {
  const all: string[][] = [];
  for (const { pid, address, ranges } of processes) {
    const lines = await pagesOf(guest, pid, address, ranges);
    if (!lines.ok) return lines;
    all.push(lines.value);
  }
  return succeed(all);
}
