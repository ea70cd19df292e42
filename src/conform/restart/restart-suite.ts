import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Result, succeed } from '../../core/base/failure.ts';
import { asOrderSet, type OrderSet } from '../../core/memory/order.ts';
import { defaultLimits } from '../../core/rules/policy.ts';
import type { AskBuilt } from '../guest/built-command.ts';
import type { Guest } from '../guest/guest.ts';
import { captureInGuest, type GuestProgram, memoryOf, withProgram } from '../guest/guest-programs.ts';
import { policyFile, putSizes, sleepKhugepaged } from '../guest/guest-settings.ts';
import type { GuestFile } from '../guest/initramfs.ts';
import type { BootableKernel } from '../guest/kernels.ts';
import { PROBE_GEOMETRY } from '../probe/probe-batch.ts';
import { type RestartPrediction, readRestartPrediction } from './restart-prediction.ts';
import { RESTART_POLICIES } from './restart-programs.ts';

const NO_SIZES = asOrderSet(0);
const { maxPtesNone: MAX_PTES_NONE } = defaultLimits(PROBE_GEOMETRY);

/** A program that started again under a policy. Bytes of anonymous memory. */
export interface RestartCase extends RestartPrediction {
  readonly program: string;
  readonly policy: string;
  readonly real: number;
}

/** The files that the suite needs in the guest beside the package. */
export function restartFiles(programs: Uint8Array, nodeScript: Uint8Array): GuestFile[] {
  return [
    { name: 'bin/programs', content: programs, executable: true },
    { name: 'objects.mjs', content: nodeScript },
  ];
}

/** What the suite works with. */
export interface RestartLab {
  readonly guest: Guest;
  readonly kernel: BootableKernel;
  readonly programs: readonly GuestProgram[];
  readonly askBuilt: AskBuilt;
  /** A folder of this machine for a recording and a policy. */
  readonly folder: string;
}

/**
 * Starts each program while no size is enabled and records it with the package in the guest, has the built
 * command predict that under each policy, and starts the program again under each while khugepaged sleeps:
 * what is huge then comes from page faults. `onProgress` hears how many cases of how many are done.
 */
export async function runRestart(
  lab: RestartLab,
  onProgress: (done: number, of: number) => void,
): Promise<Result<RestartCase[]>> {
  const { guest, programs } = lab;
  const cases: RestartCase[] = [];
  const asleep = await sleepKhugepaged(guest);
  if (!asleep.ok) return asleep;
  for (const program of programs) {
    const predictions = await predictRestarts(lab, program);
    if (!predictions.ok) return predictions;
    for (const [i, policy] of RESTART_POLICIES.entries()) {
      onProgress(cases.length, programs.length * RESTART_POLICIES.length);
      const real = await underSizes(guest, program, policy.orders, (pid) => anonymousBytes(guest, pid));
      if (!real.ok) return real;
      cases.push({
        program: program.name,
        policy: policy.name,
        ...predictions.value[i],
        real: real.value,
      });
    }
  }
  const done = await putSizes(guest, NO_SIZES, 'always');
  return done.ok ? succeed(cases) : done;
}

/** Records a program that runs with no size, and predicts it under each policy. */
async function predictRestarts(
  { guest, kernel, askBuilt, folder }: RestartLab,
  program: GuestProgram,
): Promise<Result<RestartPrediction[]>> {
  const snapshot = await underSizes(guest, program, NO_SIZES, (pid) => captureInGuest(guest, [pid]));
  if (!snapshot.ok) return snapshot;
  const [file, policy] = [join(folder, 'restart.parquet'), join(folder, 'restart-policy.json')];
  writeFileSync(file, snapshot.value);
  const predictions: RestartPrediction[] = [];
  for (const { orders } of RESTART_POLICIES) {
    writeFileSync(policy, policyFile(orders, 'always', MAX_PTES_NONE));
    const json = await askBuilt('predict', file, '--policy', policy, '--kernel', kernel.model.name, '--json');
    if (!json.ok) return json;
    predictions.push(readRestartPrediction(json.value));
  }
  return succeed(predictions);
}

/** Runs a program with these sizes always enabled for as long as it is looked at. */
async function underSizes<T>(
  guest: Guest,
  program: GuestProgram,
  orders: OrderSet,
  look: (pid: number) => Promise<Result<T>>,
): Promise<Result<T>> {
  const set = await putSizes(guest, orders, 'always');
  return set.ok ? withProgram(guest, program, look) : set;
}

/** Anonymous memory of a process but for written pages of files, which no prediction covers. */
async function anonymousBytes(guest: Guest, pid: number): Promise<Result<number>> {
  const vmas = await memoryOf(guest, pid);
  if (!vmas.ok) return vmas;
  const ofNoFile = vmas.value.filter(({ ofFile }) => !ofFile);
  return succeed(ofNoFile.reduce((sum, { anonymousBytes }) => sum + anonymousBytes, 0));
}
