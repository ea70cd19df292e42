import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Result, succeed } from '../../core/base/failure.ts';
import type { AskBuilt } from '../guest/built-command.ts';
import type { Guest } from '../guest/guest.ts';
import { captureInGuest, type GuestProgram, withProgram } from '../guest/guest-programs.ts';
import { putSettings, runKhugepaged, type SettingWrite, sleepKhugepaged } from '../guest/guest-settings.ts';
import type { BootableKernel } from '../guest/kernels.ts';
import { countProcessPages, type PagesByOrder } from '../guest/process-memory.ts';
import { ADVICE_QUESTIONS, ADVICE_STARTS, type AdviceQuestion, type AdviceStart } from './advice-settings.ts';

/** Full scans after which memory is looked at again. */
const FULL_SCANS = 4;
/** Beyond any seen: khugepaged finds something new in each four of so many scans. */
const MAX_ROUNDS = 10;

/** A server that was advised, and started again under the advice. */
export interface AdviceCase extends Advice {
  /** The top-level word of the settings that it ran under before. */
  readonly start: string;
  /** Before, when khugepaged was done. */
  readonly recorded: PagesByOrder;
  /** Once it had started again, while khugepaged slept. */
  readonly restarted: PagesByOrder;
  /** When khugepaged was done. */
  readonly settled: PagesByOrder;
}

/** What several questions were answered with. */
interface Advice {
  readonly questions: readonly AdviceQuestion[];
  /** None where the settings in force are to stay. */
  readonly writes: readonly SettingWrite[];
  /** What is said that page faults leave at most once the server has started again. */
  readonly said: PagesByOrder;
  /** The smallest budget for growth at a restart, in pages; undefined if no question had one. */
  readonly budgetPages: number | undefined;
}

/** What the suite works with. */
export interface AdviceLab {
  readonly guest: Guest;
  readonly kernel: BootableKernel;
  readonly server: GuestProgram;
  readonly askBuilt: AskBuilt;
  /** A folder of this machine for a recording. */
  readonly folder: string;
}

/**
 * Records a server under the settings that kernels start with, has the built command advise for each budget,
 * and starts the server again under each advice: its memory then, and when khugepaged is done. `onProgress`
 * hears what is being looked at.
 */
export async function runAdvice(
  lab: AdviceLab,
  onProgress: (done: number, of: number) => void,
): Promise<Result<AdviceCase[]>> {
  const cases: AdviceCase[] = [];
  for (const [i, start] of ADVICE_STARTS.entries()) {
    onProgress(i, ADVICE_STARTS.length);
    const followed = await followFrom(lab, start);
    if (!followed.ok) return followed;
    cases.push(...followed.value);
  }
  return succeed(cases);
}

async function followFrom(lab: AdviceLab, start: AdviceStart): Promise<Result<AdviceCase[]>> {
  const recorded = await underSettings(lab, start.writes, async (pid) => {
    const settled = await settle(lab.guest, pid);
    if (!settled.ok) return settled;
    const snapshot = await captureInGuest(lab.guest, [pid]);
    if (!snapshot.ok) return snapshot;
    writeFileSync(snapshotIn(lab.folder), snapshot.value);
    return settled;
  });
  if (!recorded.ok) return recorded;
  const advised = await askAdvice(lab);
  if (!advised.ok) return advised;
  const cases: AdviceCase[] = [];
  for (const advice of advised.value) {
    const real = await underSettings(lab, [...start.writes, ...advice.writes], async (pid) => {
      const restarted = await countProcessPages(lab.guest, pid);
      if (!restarted.ok) return restarted;
      const settled = await settle(lab.guest, pid);
      return settled.ok ? succeed({ restarted: restarted.value, settled: settled.value }) : settled;
    });
    if (!real.ok) return real;
    cases.push({ start: start.name, ...advice, recorded: recorded.value, ...real.value });
  }
  return succeed(cases);
}

function snapshotIn(folder: string): string {
  return join(folder, 'advice.parquet');
}

/** Runs the server under these settings for as long as it is looked at; khugepaged sleeps until then. */
async function underSettings<T>(
  { guest, server }: AdviceLab,
  writes: readonly SettingWrite[],
  look: (pid: number) => Promise<Result<T>>,
): Promise<Result<T>> {
  const asleep = await sleepKhugepaged(guest);
  if (!asleep.ok) return asleep;
  const set = await putSettings(guest, writes);
  return set.ok ? withProgram(guest, server, look) : set;
}

/** Lets khugepaged work until nothing changes any more. */
async function settle(guest: Guest, pid: number): Promise<Result<PagesByOrder>> {
  let pages = await countProcessPages(guest, pid);
  for (let round = 0; pages.ok && round < MAX_ROUNDS; round++) {
    const ran = await runKhugepaged(guest, FULL_SCANS);
    if (!ran.ok) return ran;
    const then = await countProcessPages(guest, pid);
    if (then.ok && JSON.stringify(then.value) === JSON.stringify(pages.value)) return then;
    pages = then;
  }
  return pages;
}

/** What is advised for each question; those that are answered with the same writes have one advice. */
async function askAdvice({ askBuilt, kernel, folder }: AdviceLab): Promise<Result<Advice[]>> {
  const byWrites = new Map<string, Advice>();
  for (const question of ADVICE_QUESTIONS) {
    const { growth, budget, tlb } = question;
    const words = ['--growth', growth, '--max-growth', budget, ...(tlb ? ['--tlb', tlb] : [])];
    const json = await askBuilt(
      'advise',
      snapshotIn(folder),
      '--kernel',
      kernel.model.name,
      '--json',
      ...words,
    );
    if (!json.ok) return json;
    const answer = json.value as AdviseJson;
    const key = JSON.stringify(answer.set);
    const { questions = [], budgetPages } = byWrites.get(key) ?? {};
    const budgets = [budgetPages, growth === 'now' ? undefined : answer.budget.growthPages];
    byWrites.set(key, {
      questions: [...questions, question],
      writes: answer.set,
      said: answer.advised.outcome.restart.pagesByOrder,
      budgetPages: smallest(budgets),
    });
  }
  return succeed([...byWrites.values()]);
}

/** What the suite reads of `schemas/advise.schema.json`. */
interface AdviseJson {
  readonly budget: { readonly growthPages: number | null };
  readonly advised: { readonly outcome: { readonly restart: { readonly pagesByOrder: PagesByOrder } } };
  readonly set: readonly SettingWrite[];
}

function smallest(values: readonly (number | null | undefined)[]): number | undefined {
  const known = values.filter((value) => typeof value === 'number');
  return known.length > 0 ? Math.min(...known) : undefined;
}
