import { type Result, succeed } from '../core/base/failure.ts';
import { randomFrom } from '../core/base/random.ts';
import type { CollapseAlgorithm } from '../core/search/algorithm.ts';
import { runCacheSuite } from './cache/run.ts';
import { type DaemonBatch, daemonRequest, rangesOfBatch } from './daemon/daemon-batch.ts';
import { compareDaemon } from './daemon/daemon-conformance.ts';
import { compareFaults, faultRequest, shrinkHistory } from './faults/fault-conformance.ts';
import { faultBatches } from './faults/fault-suite.ts';
import type { Guest } from './guest/guest.ts';
import type { BootableKernel } from './guest/kernels.ts';
import { requestLines } from './probe/probe-batch.ts';
import { probeQuestions, type RangesQuestion } from './questions.ts';
import { compareBatch, type Disagreement, holdsAgain, repeatBatch } from './ranges/conformance.ts';
import type { BelievedSearch } from './ranges/expected.ts';
import { shrink } from './ranges/shrink.ts';
import { noneLimits } from './ranges/suites.ts';
import type { Suite } from './suite-names.ts';

/** A difference, or what the kernel's own selftest expects and did not get. */
export interface Difference {
  /** A difference that did not come back is passing: see `repeatBatch`. */
  readonly kind: 'passing' | 'lasting';
  /** The case of the selftest. */
  readonly name: string | undefined;
  /** The lines that ask the probe; see kernel-lab/README.md. */
  readonly request: readonly string[];
  readonly real: string;
  /** What the model says, or the algorithm in place of its search. */
  readonly model: string;
}

/** In place of what the model says: it agrees, and the selftest's own expectation is not met. */
export const SELFTEST_DIFFERS = 'the selftest expects otherwise';

/** What a suite came to on one kernel, in ranges. */
export interface SuiteCount {
  readonly kernel: BootableKernel;
  readonly suite: Suite;
  agree: number;
  passing: number;
  lasting: number;
  of: number;
  /** By max_ptes_none, and for MADV_COLLAPSE. */
  readonly columns: Map<string, { agree: number; of: number }>;
  readonly differences: Difference[];
}

/** What agreements are counted by: values of max_ptes_none, and MADV_COLLAPSE. */
function newColumns({ machine }: BootableKernel): SuiteCount['columns'] {
  const names = [...noneLimits(machine.geometry).map((limit) => `none=${limit}`), 'madvise'];
  return new Map(names.map((name) => [name, { agree: 0, of: 0 }]));
}

/** What a guest is asked, and by whom it is judged. */
export interface SuiteOptions {
  /** Of each random suite; histories of the suite fault. */
  readonly ranges: number;
  readonly seed: number;
  /** In place of the model's search. Suites in which nothing is searched know none: fault, shared, files. */
  readonly algorithm?: CollapseAlgorithm;
}

/** Asks a guest about a whole suite. `onProgress` hears how many ranges of how many are done. */
export async function runSuite(
  guest: Guest,
  kernel: BootableKernel,
  suite: Suite,
  { ranges, seed, algorithm }: SuiteOptions,
  onProgress: (done: number, of: number) => void,
): Promise<Result<SuiteCount>> {
  const columns = newColumns(kernel);
  const count: SuiteCount = {
    kernel,
    suite,
    agree: 0,
    passing: 0,
    lasting: 0,
    of: 0,
    columns,
    differences: [],
  };
  if (suite === 'fault') return runFaultSuite(guest, count, ranges, seed, onProgress);
  if (suite === 'shared' || suite === 'files')
    return runCacheSuite(guest, kernel, suite, { ranges, seed }, count, onProgress);
  const { questions, ranges: total } = probeQuestions(
    suite,
    ranges,
    seed,
    guest.features,
    kernel.machine.geometry,
  );
  const belief = { model: kernel.model, algorithm };
  for (const question of questions) {
    onProgress(count.of, total);
    const asked = question.daemon
      ? await askDaemon(guest, question.daemon, belief, count)
      : await ask(guest, question, belief, count);
    if (!asked.ok) return asked;
  }
  return succeed(count);
}

/** Asks about page faults; what counts as ranges elsewhere are histories here. */
async function runFaultSuite(
  guest: Guest,
  count: SuiteCount,
  histories: number,
  seed: number,
  onProgress: (done: number, of: number) => void,
): Promise<Result<SuiteCount>> {
  for (const batch of faultBatches(histories, randomFrom(seed), count.kernel.machine)) {
    onProgress(count.of, histories);
    const compared = await compareFaults(guest, batch);
    if (!compared.ok) return compared;
    count.of += batch.length;
    count.agree += batch.length - compared.value.length;
    for (const difference of compared.value) {
      const again = await compareFaults(guest, [difference.history]);
      if (!again.ok) return again;
      const kind = again.value.length > 0 ? 'lasting' : 'passing';
      count[kind]++;
      const shown = kind === 'lasting' ? await shrinkHistory(guest, again.value[0]) : difference;
      const { real, model } = shown;
      count.differences.push({ kind, name: undefined, request: faultRequest([shown.history]), real, model });
    }
  }
  return succeed(count);
}

/** How often a difference is asked about again before it is said to last. */
const MOST_REPEATS = 3;

/** Whether a question comes out with a difference each time it is asked again. */
async function comesBack(question: () => Promise<Result<object | undefined>>): Promise<Result<boolean>> {
  for (let repeats = 1; repeats <= MOST_REPEATS; repeats++) {
    const again = await question();
    // A khugepaged that was too slow may be faster next time.
    if (!again.ok && repeats === MOST_REPEATS) return again;
    if (again.ok && !again.value) return succeed(false);
  }
  return succeed(true);
}

/**
 * Asks about the whole daemon; its ranges agree together or not at all. A difference, or a khugepaged that
 * stood still, is asked about again.
 */
async function askDaemon(
  guest: Guest,
  batch: DaemonBatch,
  belief: BelievedSearch,
  count: SuiteCount,
): Promise<Result<void>> {
  const ranges = rangesOfBatch(batch).length;
  const first = await compareDaemon(guest, batch, belief);
  const seen = first.ok ? first.value : { real: first.failure.message, model: 'goes round' };
  if (seen) {
    const again = await comesBack(() => compareDaemon(guest, batch, belief));
    if (!again.ok) return again;
    const kind = again.value ? 'lasting' : 'passing';
    count[kind] += ranges;
    count.differences.push({ kind, name: undefined, request: daemonRequest(batch), ...seen });
  } else count.agree += ranges;
  count.of += ranges;
  addToColumn(count, `none=${batch.maxPtesNone}`, seen ? 0 : ranges, ranges);
  return succeed(undefined);
}

function addToColumn(count: SuiteCount, name: string, agree: number, of: number): void {
  const column = count.columns.get(name);
  if (!column) return;
  column.agree += agree;
  column.of += of;
}

/** Asks one question about ranges and adds its outcome to the count. */
async function ask(
  guest: Guest,
  { batch, name, expects }: RangesQuestion,
  belief: BelievedSearch,
  count: SuiteCount,
): Promise<Result<void>> {
  const compared = await compareBatch(guest, batch, belief);
  if (!compared.ok) return compared;
  const { agreements, disagreements, report } = compared.value;
  count.agree += agreements;
  count.of += batch.ranges.length;
  const column = batch.call === 'madvise' ? 'madvise' : `none=${batch.maxPtesNone}`;
  addToColumn(count, column, agreements, batch.ranges.length);
  if (disagreements.length > 0) {
    const repeated = await repeatBatch(guest, batch, belief, compared.value);
    if (!repeated.ok) return repeated;
    const { passing, lasting } = repeated.value;
    count.passing += passing.length;
    count.lasting += lasting.length;
    count.differences.push(...passing.map((each) => differenceOf('passing', name, each)));
    if (lasting.length > 0)
      count.differences.push(differenceOf('lasting', name, await shrink(lasting[0], guest, belief)));
  }
  if (expects && !expects(report)) {
    const holds = await holdsAgain(guest, batch, belief, expects);
    if (!holds.ok) return holds;
    const kind = holds.value ? 'passing' : 'lasting';
    count[kind]++;
    const real = [...report.passes.map((passes) => passes[0] ?? ''), report.errnos].join('\n    ');
    const request = requestLines(batch);
    count.differences.push({ kind, name, request, real, model: SELFTEST_DIFFERS });
  }
  return succeed(undefined);
}

function differenceOf(
  kind: 'passing' | 'lasting',
  name: string | undefined,
  { batch, real, model }: Disagreement,
): Difference {
  return { kind, name, request: requestLines(batch), real, model };
}
