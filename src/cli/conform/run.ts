import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeDisk } from '../../conform/cache/disk.ts';
import { bootGuest } from '../../conform/guest/guest.ts';
import {
  type BootableKernel,
  buildInitramfs,
  compileProbe,
  fetchKernels,
  guestMachineOf,
  KERNEL_SERIES,
  OTHER_SERIES,
  openKernel,
} from '../../conform/guest/kernels.ts';
import { newerKernelNote } from '../../conform/guest/newer-kernel.ts';
import { whatDiffers } from '../../conform/guest/what-differs.ts';
import {
  CACHE_SUITES,
  PROGRAM_SUITES,
  SEARCHED_SUITES,
  SUITES,
  type Suite,
} from '../../conform/suite-names.ts';
import { type Difference, runSuite, SELFTEST_DIFFERS, type SuiteCount } from '../../conform/suite-run.ts';
import { type Failed, fail, type Result, succeed } from '../../core/base/failure.ts';
import { shellCommand } from '../../core/base/shell.ts';
import type { CollapseAlgorithm } from '../../core/search/algorithm.ts';
import { layOutTable } from '../../render/text/layout/columns.ts';
import { printable } from '../../render/words/printable.ts';
import type { MadeBy } from '../../render/words/verify/verify-checks.ts';
import { isExecutable } from '../own-command.ts';
import { type Context, print, warn } from '../shared/context.ts';
import { EXIT } from '../shared/exit-code.ts';
import { interruptible } from '../shared/interrupt.ts';
import { madeBy } from '../shared/made-by.ts';
import { makePrivateFolder } from '../shared/output/private-folder.ts';
import { type Progress, startProgress } from '../shared/output/progress.ts';
import { withAskedSearch } from '../shared/search/asked-search.ts';
import { conformAdvice } from './advice.ts';
import type { ConformFlags } from './command.ts';
import { conformDiff } from './diff.ts';
import { conformLive } from './live.ts';
import { conformRestart } from './restart.ts';
import { conformSharedPrograms } from './shared-programs.ts';

/** `thpscope conform`: the model against the real kernel in QEMU. */
export async function conform(this: Context, flags: ConformFlags): Promise<void> {
  const folder = makePrivateFolder(this);
  await interruptible(this, async (signal) => {
    const done = await untilAborted(runSuites(this, flags, folder), signal);
    if (done.ok && done.value > 0) this.process.exitCode = EXIT.difference;
    return done.ok ? succeed(undefined) : done;
  });
}

/** The work, or the reason why it was aborted: guests end with the process that booted them. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  ]);
}

/** Returns the number of differences that nothing explains. */
async function runSuites(context: Context, flags: ConformFlags, folder: string): Promise<Result<number>> {
  const { suite } = flags;
  if (flags.algorithm === undefined) return runModelSuites(context, flags, folder);
  const searched = SEARCHED_SUITES.find((each) => each === suite);
  if (suite !== undefined && searched === undefined) {
    const message = `--suite ${suite} asks about no search: --algorithm goes with ${SEARCHED_SUITES.join(', ')}`;
    return fail('usage', message);
  }
  const suites = searched === undefined ? SEARCHED_SUITES : [searched];
  // Before any guest is booted, so that a file that is no algorithm is told at once.
  return withAskedSearch(context, flags, async (algorithm) => {
    const kernels = await chosenKernels(context, flags.kernel);
    if (!kernels.ok) return kernels;
    return conformRanges(context, flags, suites, kernels.value, folder, algorithm);
  });
}

async function runModelSuites(
  context: Context,
  flags: ConformFlags,
  folder: string,
): Promise<Result<number>> {
  const needsNode = PROGRAM_SUITES.some((each) => each === flags.suite);
  if (needsNode && guestMachineOf(flags.kernel).name !== 'amd64')
    return fail(
      'usage',
      `--suite ${flags.suite} runs programs of this machine in the guest: give a kernel of x86-64`,
    );
  if (needsNode && isExecutable()) {
    const message = `--suite ${flags.suite} puts Node and the package of npm into a guest; this is a single executable`;
    return fail('unsupported', message);
  }
  const isCache = CACHE_SUITES.some((each) => each === flags.suite);
  if (isCache && guestMachineOf(flags.kernel).name !== 'amd64')
    return fail('usage', `--suite ${flags.suite} is made for x86-64: give a kernel of it`);
  const all: readonly Suite[] = isCache ? CACHE_SUITES : SUITES;
  const suites = all.filter((each) => flags.suite === undefined || each === flags.suite);
  const kernels = await chosenKernels(context, flags.kernel);
  if (!kernels.ok) return kernels;
  switch (flags.suite) {
    case 'live':
      return conformLive(context, kernels.value, folder, flags.json);
    case 'restart':
      return conformRestart(context, kernels.value, folder, flags.json);
    case 'advice':
      return conformAdvice(context, kernels.value, folder, flags.json);
    case 'diff':
      return conformDiff(context, kernels.value, folder, flags.json);
    case 'shared-programs':
      return conformSharedPrograms(context, kernels.value, folder, flags.json);
    default:
      return conformRanges(context, flags, suites, kernels.value, folder);
  }
}

/** Returns the number of lasting differences. */
async function conformRanges(
  context: Context,
  flags: ConformFlags,
  suites: readonly Suite[],
  kernels: readonly BootableKernel[],
  folder: string,
  algorithm?: CollapseAlgorithm,
): Promise<Result<number>> {
  const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 32);
  const { algorithm: judge, kernel: file } = flags;
  const by = await madeBy([file, judge].filter((each) => each !== undefined));
  // All of a run are of one machine: see chosenKernels.
  const probe = await compileProbe(folder, kernels[0].machine);
  if (!probe.ok) return probe;
  const question: Question = { flags, suites, folder, seed, algorithm, probe: probe.value };
  const progress = startProgress(context);
  // Guests take a CPU each: side by side they take half the time.
  const asked = await Promise.all(
    kernels.map((kernel) => conformKernel(context, question, kernel, progress)),
  );
  const failed = asked.find(({ failed }) => failed !== undefined)?.failed;
  const counts = asked.flatMap((each) => each.counts);
  if (failed) {
    if (!flags.json && counts.length > 0) await print(context, `${tableOf(counts)}\n`);
    return failed;
  }
  await print(
    context,
    flags.json
      ? jsonOf(seed, counts, judge, by)
      : `${tableOf(counts)}\n${judgedLines(counts, judge, by)}seed ${seed}\n`,
  );
  return succeed(counts.reduce((sum, { lasting }) => sum + lasting, 0));
}

/** What every kernel is asked. */
interface Question {
  readonly flags: ConformFlags;
  readonly suites: readonly Suite[];
  /** Of this run alone: each guest has a folder in it. */
  readonly folder: string;
  readonly seed: number;
  readonly algorithm: CollapseAlgorithm | undefined;
  /** The path of the program that guests run. */
  readonly probe: string;
}

/** Runs the suites on one kernel: those before one that cannot be run are counted all the same. */
async function conformKernel(
  context: Context,
  { flags, suites, folder: runFolder, seed, algorithm, probe }: Question,
  kernel: BootableKernel,
  progress: Progress,
): Promise<{ readonly counts: readonly SuiteCount[]; readonly failed: Failed | undefined }> {
  const counts: SuiteCount[] = [];
  const folder = join(runFolder, kernel.version);
  mkdirSync(folder);
  const disk = suites.includes('files') ? await makeDisk(folder) : succeed(undefined);
  if (!disk.ok) return { counts, failed: disk };
  const initramfs = buildInitramfs(probe, kernel, folder);
  const guest = await bootGuest(kernel.path, initramfs, folder, kernel.machine, disk.value);
  if (!guest.ok) return { counts, failed: guest };
  for (const feature of ['swap', 'uffd']) {
    if (!guest.value.features.has(feature))
      warn(context, `${kernel.version} has no ${feature} here: ranges go without`);
  }
  try {
    for (const suite of suites) {
      const asked = { ranges: flags.ranges, seed, algorithm };
      const counted = await runSuite(guest.value, kernel, suite, asked, (done, of) =>
        progress.show(done, of, `ranges of ${suite} on ${kernel.version}`),
      ).finally(() => progress.clear());
      if (!counted.ok) return { counts, failed: counted };
      counts.push(counted.value);
      if (flags.json) continue;
      const again = againCommand({ ...flags, kernel: kernel.name, suite, seed });
      for (const difference of counted.value.differences)
        await print(context, `${describe(difference, flags.algorithm)}\n  again: ${again}\n`);
    }
  } finally {
    await guest.value.stop();
  }
  return { counts, failed: undefined };
}

/** The kernels that are asked, all of one machine. */
async function chosenKernels(
  context: Context,
  kernel: string | undefined,
): Promise<Result<BootableKernel[]>> {
  if (kernel === undefined) return fetchKernels(KERNEL_SERIES);
  if ([...KERNEL_SERIES, ...OTHER_SERIES].some((series) => series === kernel)) return fetchKernels([kernel]);
  const opened = await openKernel(kernel);
  if (!opened.ok) return opened;
  const note = newerKernelNote(opened.value);
  if (note !== undefined) warn(context, note);
  return succeed([opened.value]);
}

function againCommand({ kernel, suite, algorithm, cc, function: name, ranges, seed }: ConformFlags): string {
  const asked = { kernel, suite, algorithm, cc, function: name, ranges, seed };
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  return shellCommand([
    'thpscope',
    'conform',
    ...given.flatMap(([flag, value]) => [`--${flag}`, `${value}`]),
  ]);
}

/** Of a batch that differs in its counters alone, the ranges say little. */
const RANGES_SHOWN = 4;

function describe({ kind, name, request, real, model }: Difference, judge: string | undefined): string {
  const judges = judge === undefined ? 'model' : printable(basename(judge));
  const width = Math.max(6, judges.length);
  const shown = request.length > RANGES_SHOWN + 1 ? [request[0], '...'] : request;
  return [
    `${kind === 'passing' ? 'agreed when asked again' : 'difference'}${name === undefined ? '' : ` in ${name}`}${inWhat(real, model)}:`,
    ...shown.map((line) => `  ${line}`),
    `  ${'kernel'.padEnd(width)} ${real}`,
    `  ${judges.padEnd(width)} ${model}`,
  ].join('\n');
}

function inWhat(real: string, model: string): string {
  const what = model === SELFTEST_DIFFERS ? [] : whatDiffers(real, model);
  return what.length === 0 ? '' : ` (${what.join(', ')})`;
}

function tableOf(counts: readonly SuiteCount[]): string {
  // All kernels of a run are of one machine, and so are counted by the same.
  const head = [
    'KERNEL',
    'VERSION',
    'SUITE',
    'AGREE',
    'PASSING',
    'LASTING',
    'OF',
    ...counts[0].columns.keys(),
  ];
  const columns = head.map((title, i) => ({ title, align: i < 3 ? ('left' as const) : ('right' as const) }));
  const rows = counts.map(({ kernel, suite, agree, passing, lasting, of, columns: byColumn }) => [
    kernel.name,
    kernel.version,
    suite,
    ...[agree, passing, lasting, of].map(String),
    ...[...byColumn.values()].map((each) => (each.of > 0 ? `${each.agree}/${each.of}` : '-')),
  ]);
  return layOutTable(columns, rows).join('\n');
}

/** By whom the kernel was judged, if not by the model alone, and the sums of the files that were read. */
function judgedLines(counts: readonly SuiteCount[], judge: string | undefined, by: MadeBy): string {
  if (judge === undefined) return '';
  const models = [...new Set(counts.map(({ kernel }) => kernel.model.name))].join(' and ');
  return [
    `the search of ${printable(judge)}, the rest by the model of ${models}; thpscope ${by.version}`,
    ...by.files.map(({ path, sha256 }) => `${printable(path)}: sha256 ${sha256.slice(0, 16)}`),
    '',
  ].join('\n');
}

function jsonOf(
  seed: number,
  counts: readonly SuiteCount[],
  judge: string | undefined,
  { version, files }: MadeBy,
): string {
  const suites = counts.map(({ kernel, suite, agree, passing, lasting, of, differences }) => {
    return { kernel: kernel.version, suite, agree, passing, lasting, of, differences };
  });
  const judged = judge === undefined ? {} : { algorithm: judge, thpscope: version, files };
  return `${JSON.stringify({ schema: 'thpscope/conform@1', seed, ...judged, suites })}\n`;
}
