import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, succeed } from '../core/failure.ts';
import { formatOrders } from '../core/order.ts';
import { compareBatch, type Disagreement, repeatBatch } from '../kernel-lab/conformance.ts';
import { bootGuest, type Guest } from '../kernel-lab/guest.ts';
import {
  type BootableKernel,
  buildInitramfs,
  compileProbe,
  fetchKernels,
  KERNEL_SERIES,
  openKernel,
} from '../kernel-lab/kernels.ts';
import { requestLines } from '../kernel-lab/lab-batch.ts';
import { type LabQuestion, labQuestions } from '../kernel-lab/questions.ts';
import { shrink } from '../kernel-lab/shrink.ts';
import { NONE_LIMITS, type Suite, SUITES } from '../kernel-lab/suites.ts';
import { layOutTable } from '../render/columns.ts';
import { type Context, print, reportFailure, warn } from './context.ts';
import { EXIT, exitCodeOfSignal } from './exit-code.ts';
import type { ConformFlags } from './flags.ts';
import { startProgress } from './progress.ts';

/** `thpscope conform`: the model against the real kernel in QEMU. */
export async function conform(this: Context, flags: ConformFlags): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-lab-'));
  // Guests end with the process that booted them.
  const interrupt = (signal: NodeJS.Signals) => {
    rmSync(folder, { recursive: true });
    this.process.exit(exitCodeOfSignal(signal));
  };
  this.process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const done = await conformKernels(this, flags, folder);
  this.process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt);
  rmSync(folder, { recursive: true });
  if (!done.ok) return reportFailure(this, done.failure);
  if (done.value > 0) this.process.exitCode = EXIT.difference;
}

/** Returns the number of lasting differences. */
async function conformKernels(
  context: Context,
  flags: ConformFlags,
  folder: string,
): Promise<Result<number>> {
  const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 32);
  const suites: readonly Suite[] = flags.suite ? [flags.suite] : SUITES;
  const kernels = await chosenKernels(flags.kernel);
  if (!kernels.ok) return kernels;
  const probe = await compileProbe(folder);
  if (!probe.ok) return probe;
  const rows: string[][] = [];
  let lasting = 0;
  for (const kernel of kernels.value) {
    const guest = await bootGuest(kernel.path, buildInitramfs(probe.value, kernel, folder), folder);
    if (!guest.ok) return guest;
    for (const feature of ['swap', 'uffd']) {
      if (!guest.value.features.has(feature))
        warn(context, `${kernel.version} has no ${feature} here: ranges go without`);
    }
    try {
      for (const suite of suites) {
        const again = `thpscope conform --kernel ${kernel.name} --suite ${suite} --ranges ${flags.ranges} --seed ${seed}`;
        const counted = await runSuite(context, guest.value, kernel, suite, flags.ranges, seed, again);
        if (!counted.ok) return counted;
        lasting += counted.value.lasting;
        rows.push([kernel.name, kernel.version, suite, ...cellsOf(counted.value)]);
      }
    } finally {
      await guest.value.stop();
    }
  }
  await print(context, `${tableOf(rows)}\nseed ${seed}\n`);
  return succeed(lasting);
}

async function chosenKernels(kernel: string | undefined): Promise<Result<BootableKernel[]>> {
  if (kernel === undefined) return fetchKernels(KERNEL_SERIES);
  if (KERNEL_SERIES.some((series) => series === kernel)) return fetchKernels([kernel]);
  const opened = await openKernel(kernel);
  return opened.ok ? succeed([opened.value]) : opened;
}

/** What a suite came to on one kernel. `columns` counts agreements by max_ptes_none and for MADV_COLLAPSE. */
interface SuiteCount {
  agree: number;
  passing: number;
  lasting: number;
  of: number;
  readonly columns: Map<string, { agree: number; of: number }>;
}

const COLUMNS = [...NONE_LIMITS.map((limit) => `none=${limit}`), 'madvise'];

async function runSuite(
  context: Context,
  guest: Guest,
  kernel: BootableKernel,
  suite: Suite,
  ranges: number,
  seed: number,
  again: string,
): Promise<Result<SuiteCount>> {
  const progress = startProgress(context);
  const columns = new Map(COLUMNS.map((column) => [column, { agree: 0, of: 0 }]));
  const count: SuiteCount = { agree: 0, passing: 0, lasting: 0, of: 0, columns };
  const questions = labQuestions(suite, ranges, seed, guest.features);
  try {
    for (const question of questions) {
      progress.show(count.of, questions.ranges, `ranges of ${suite} on ${kernel.version}`);
      const asked = await ask(guest, kernel, question, count);
      if (!asked.ok) return asked;
      progress.clear();
      for (const text of asked.value) await print(context, `${text}\n  again: ${again}\n`);
    }
  } finally {
    progress.clear();
  }
  return succeed(count);
}

/** Asks one question and adds it to the count; returns what there is to say of differences. */
async function ask(
  guest: Guest,
  { model }: BootableKernel,
  { batch, name, expects }: LabQuestion,
  count: SuiteCount,
): Promise<Result<string[]>> {
  const compared = await compareBatch(guest, batch, model);
  if (!compared.ok) return compared;
  const { agreements, disagreements, report } = compared.value;
  count.agree += agreements;
  count.of += batch.ranges.length;
  const column = count.columns.get(batch.call === 'madvise' ? 'madvise' : `none=${batch.maxPtesNone}`);
  if (column) {
    column.agree += agreements;
    column.of += batch.ranges.length;
  }
  const said: string[] = [];
  if (disagreements.length > 0) {
    const repeated = await repeatBatch(guest, batch, model, compared.value);
    if (!repeated.ok) return repeated;
    const { passing, lasting } = repeated.value;
    count.passing += passing.length;
    count.lasting += lasting.length;
    said.push(...passing.map((each) => describe('agreed when asked again', name, each)));
    if (lasting.length > 0) said.push(describe('difference', name, await shrink(lasting[0], guest, model)));
  }
  if (expects && !expects(report)) {
    count.lasting++;
    said.push(`the kernel's own selftest expects something else: ${name}`);
  }
  return succeed(said);
}

function cellsOf({ agree, passing, lasting, of, columns }: SuiteCount): string[] {
  const byColumn = [...columns.values()].map((each) => (each.of > 0 ? `${each.agree}/${each.of}` : '-'));
  return [agree, passing, lasting, of].map(String).concat(byColumn);
}

function tableOf(rows: string[][]): string {
  const head = ['KERNEL', 'VERSION', 'SUITE', 'AGREE', 'PASSING', 'LASTING', 'OF', ...COLUMNS];
  const columns = head.map((title, i) => ({ title, align: i < 3 ? ('left' as const) : ('right' as const) }));
  return layOutTable(columns, rows).join('\n');
}

function describe(
  kind: string,
  name: string | undefined,
  { batch, index, real, model }: Disagreement,
): string {
  const policy =
    batch.call === 'madvise'
      ? `MADV_COLLAPSE of ${batch.span} at a time`
      : `orders ${formatOrders(batch.orders)}, max_ptes_none ${batch.maxPtesNone}, max_ptes_swap ${batch.maxPtesSwap}, max_ptes_shared ${batch.maxPtesShared}`;
  // A difference in counters alone concerns the whole batch.
  const ranges = index === undefined ? [] : requestLines(batch).slice(1);
  return [
    `${kind}${name === undefined ? '' : ` in ${name}`}:`,
    `  ${policy}`,
    ...ranges.map((line) => `  ${line === '' ? 'nothing' : line}`),
    `  kernel ${real}`,
    `  model  ${model}`,
  ].join('\n');
}
