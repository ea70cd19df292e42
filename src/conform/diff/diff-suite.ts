import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Result, succeed } from '../../core/base/failure.ts';
import { defaultLimits } from '../../core/rules/policy.ts';
import type { AskBuilt } from '../guest/built-command.ts';
import type { Guest } from '../guest/guest.ts';
import {
  captureInGuest,
  type GuestProgram,
  runProgram,
  signalProcess,
  withProgram,
} from '../guest/guest-programs.ts';
import {
  putLimits,
  putSizes,
  runKhugepaged,
  sleepKhugepaged,
  wakeKhugepaged,
} from '../guest/guest-settings.ts';
import type { BootableKernel } from '../guest/kernels.ts';
import { PROBE_GEOMETRY } from '../probe/probe-batch.ts';
import { type DiffOutcome, readOutcome } from './diff-outcome.ts';
import { DIFF_CHANGES, type DiffChange, type DiffSettings } from './diff-settings.ts';

/** Rounds of khugepaged from the end of the work to the second reading: after two it was everywhere. */
const FULL_SCANS = 2;

/** A program that is at work while settings change. */
export interface BusyProgram extends GuestProgram {
  /** What it does meanwhile: a command that runs to its end, or a signal that it answers by a line. */
  readonly work?: string | number;
}

/** What was said of a program and what happened, under one change of settings. */
export interface DiffCase extends DiffOutcome {
  readonly program: string;
  readonly change: string;
}

/** What the suite works with. */
export interface DiffLab {
  readonly guest: Guest;
  readonly kernel: BootableKernel;
  readonly programs: readonly BusyProgram[];
  readonly askBuilt: AskBuilt;
  /** A folder of this machine for the recordings. */
  readonly folder: string;
}

/**
 * Starts each program under the settings before a change, records it with the package in the guest, makes
 * the change, lets the program work and khugepaged go round, and records it again. The built command compares
 * both recordings under the settings that the second one found in force. `onProgress` hears how many cases of
 * how many are done.
 */
export async function runDiff(
  lab: DiffLab,
  onProgress: (done: number, of: number) => void,
): Promise<Result<DiffCase[]>> {
  const cases: DiffCase[] = [];
  for (const program of lab.programs)
    for (const change of DIFF_CHANGES) {
      onProgress(cases.length, lab.programs.length * DIFF_CHANGES.length);
      const compared = await changeUnder(lab, program, change);
      if (!compared.ok) return compared;
      cases.push({ program: program.name, change: change.name, ...compared.value });
    }
  return succeed(cases);
}

async function changeUnder(
  lab: DiffLab,
  program: BusyProgram,
  change: DiffChange,
): Promise<Result<DiffOutcome>> {
  const { guest, folder, kernel, askBuilt } = lab;
  for (const step of [() => sleepKhugepaged(guest), () => putSettingsOf(guest, change.before)]) {
    const done = await step();
    if (!done.ok) return done;
  }
  const [before, after] = ['before', 'after'].map((name) => join(folder, `diff-${name}.parquet`));
  const recorded = await withProgram(guest, program, async (pid, line) => {
    const pids = /^ready((?: \d+)+)$/.exec(line)?.[1].trim().split(' ').map(Number) ?? [pid];
    const record = async (file: string) => {
      const snapshot = await captureInGuest(guest, pids);
      if (snapshot.ok) writeFileSync(file, snapshot.value);
      return snapshot;
    };
    for (const step of [
      () => record(before),
      () => putSettingsOf(guest, change.after),
      () => wakeKhugepaged(guest),
      () => workOf(guest, program, pid),
      () => runKhugepaged(guest, FULL_SCANS),
      () => record(after),
    ]) {
      const done = await step();
      if (!done.ok) return done;
    }
    return succeed(undefined);
  });
  if (!recorded.ok) return recorded;
  const words = ['--policy', 'current', '--kernel', kernel.model.name, '--json'];
  const json = await askBuilt('diff', before, after, ...words);
  return json.ok ? succeed(readOutcome(json.value)) : json;
}

async function putSettingsOf(
  guest: Guest,
  { orders, word, maxPtesNone }: DiffSettings,
): Promise<Result<void>> {
  const limits = await putLimits(guest, { ...defaultLimits(PROBE_GEOMETRY), maxPtesNone });
  return limits.ok ? putSizes(guest, orders, word) : limits;
}

async function workOf(guest: Guest, { work }: BusyProgram, pid: number): Promise<Result<unknown>> {
  if (work === undefined) return succeed(undefined);
  return typeof work === 'string' ? runProgram(guest, work) : signalProcess(guest, pid, work);
}
