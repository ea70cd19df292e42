import { type Result, succeed } from '../../core/base/failure.ts';
import { sum } from '../../core/base/sum.ts';
import { THP_FOLDER } from '../../core/base/sysfs.ts';
import type { Guest } from '../guest/guest.ts';
import { askThpscope, endProgram, signalProcess, startProgram } from '../guest/guest-programs.ts';
import { putSettings, runKhugepaged, sleepKhugepaged } from '../guest/guest-settings.ts';
import type { BootableKernel } from '../guest/kernels.ts';
import { SHARED_CHANGES, type SharedChange, type ThpWrites } from './changes.ts';
import { endTrace, startTrace } from './file-scans.ts';
import { type GuestMappedFile, type MemInfo, readMappedFiles, readMemInfo } from './mapped-files.ts';
import { compareSharedFiles, type SharedFile } from './outcome.ts';
import { readSharedPrediction, type SharedPrediction } from './prediction.ts';
import type { SharingProgram } from './programs.ts';

/** Until nothing changes any more. */
const FULL_SCANS = 4;

/** RSS of what is mapped of files in all processes of a program. Bytes. */
export interface FileRss {
  readonly rssBytes: number;
  /** Of these, what PMDs map. */
  readonly pmdMappedBytes: number;
}

/** What was predicted of a program and what became of it, under one change of settings. */
export interface SharedCase {
  readonly program: string;
  readonly change: string;
  readonly files: readonly SharedFile[];
  /** Files that the prediction says it could not read. */
  readonly unread: SharedPrediction['unread'];
  /** By how much shared memory of the whole guest grew while khugepaged worked: Shmem of meminfo. Bytes. */
  readonly shmemGrowth: number;
  readonly before: FileRss;
  readonly after: FileRss;
  /** Once the program has gone over its memory again; undefined for one that cannot be asked to. */
  readonly touched: FileRss | undefined;
}

/**
 * Starts each program under the settings before a change, predicts its processes with the package in the
 * guest under those after it, makes the change and lets khugepaged work. `onProgress` hears how many cases
 * of how many are done.
 */
export async function runSharedPrograms(
  guest: Guest,
  kernel: BootableKernel,
  programs: readonly SharingProgram[],
  onProgress: (done: number, of: number) => void,
): Promise<Result<SharedCase[]>> {
  const cases: SharedCase[] = [];
  for (const change of SHARED_CHANGES)
    for (const program of programs) {
      onProgress(cases.length, programs.length * SHARED_CHANGES.length);
      const done = await changeUnder(guest, kernel, program, change);
      if (!done.ok) return done;
      cases.push({ program: program.name, change: change.name, ...done.value });
    }
  return succeed(cases);
}

type CaseOutcome = Omit<SharedCase, 'program' | 'change'>;

async function changeUnder(
  guest: Guest,
  kernel: BootableKernel,
  program: SharingProgram,
  { before, after }: SharedChange,
): Promise<Result<CaseOutcome>> {
  for (const step of [() => sleepKhugepaged(guest), () => putThp(guest, before)]) {
    const done = await step();
    if (!done.ok) return done;
  }
  const started = await startProgram(guest, program.command);
  if (!started.ok) return started;
  const { pid, line } = started.value;
  const pids = /^ready((?: \d+)+)$/.exec(line)?.[1].trim().split(' ').map(Number) ?? [pid];
  const seen = await collapseFiles(guest, kernel, pids, after);
  if (!seen.ok) return seen;
  const touched = await touch(guest, program, pid, pids);
  if (!touched.ok) return touched;
  if (program.stop !== undefined) await signalProcess(guest, pid, program.stop);
  const ended = await endProgram(guest, started.value);
  return ended.ok ? succeed({ ...seen.value, touched: touched.value }) : ended;
}

/** Predicts processes under these settings, makes them and lets khugepaged work. */
async function collapseFiles(
  guest: Guest,
  kernel: BootableKernel,
  pids: readonly number[],
  after: ThpWrites,
): Promise<Result<Omit<CaseOutcome, 'touched'>>> {
  const sets = Object.entries(after).map(([path, value]) => `--set ${path}=${value}`);
  const words = ['predict', '-p', pids.join(), ...sets, '--kernel', kernel.model.name, '--json'];
  const json = await askThpscope(guest, words.join(' '));
  if (!json.ok) return json;
  const prediction = readSharedPrediction(json.value);
  const was = await lookAt(guest, pids);
  if (!was.ok) return was;
  for (const step of [
    () => putThp(guest, after),
    () => startTrace(guest),
    () => runKhugepaged(guest, FULL_SCANS),
  ]) {
    const done = await step();
    if (!done.ok) return done;
  }
  const scans = await endTrace(guest);
  if (!scans.ok) return scans;
  const is = await lookAt(guest, pids);
  if (!is.ok) return is;
  return succeed({
    files: compareSharedFiles(was.value.files, is.value.files, scans.value, prediction),
    unread: prediction.unread,
    shmemGrowth: is.value.memory.Shmem - was.value.memory.Shmem,
    before: rssOf(was.value.files),
    after: rssOf(is.value.files),
  });
}

async function lookAt(
  guest: Guest,
  pids: readonly number[],
): Promise<Result<{ files: GuestMappedFile[]; memory: MemInfo }>> {
  const files = await readMappedFiles(guest, pids);
  if (!files.ok) return files;
  const memory = await readMemInfo(guest);
  return memory.ok ? succeed({ files: files.value, memory: memory.value }) : memory;
}

async function touch(
  guest: Guest,
  program: SharingProgram,
  pid: number,
  pids: readonly number[],
): Promise<Result<FileRss | undefined>> {
  if (program.touch === undefined) return succeed(undefined);
  const touched = await signalProcess(guest, pid, program.touch);
  if (!touched.ok) return touched;
  const files = await readMappedFiles(guest, pids);
  return files.ok ? succeed(rssOf(files.value)) : files;
}

function rssOf(files: readonly GuestMappedFile[]): FileRss {
  const vmas = files.flatMap((file) => file.vmas);
  return {
    rssBytes: sum(vmas.map(({ rssBytes }) => rssBytes)),
    pmdMappedBytes: sum(vmas.map(({ pmdMappedBytes }) => pmdMappedBytes)),
  };
}

function putThp(guest: Guest, writes: ThpWrites): Promise<Result<void>> {
  return putSettings(
    guest,
    Object.entries(writes).map(([path, value]) => ({ path: `${THP_FOLDER}/${path}`, value })),
  );
}
