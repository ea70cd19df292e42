import { parentPort, workerData } from 'node:worker_threads';
import { type Explanation, explainRange } from '../../../analysis/prediction/explanation.ts';
import { failWith, type Result, succeed } from '../../../core/base/failure.ts';
import { type Geometry, geometryOfPmdOrder, x86_64 } from '../../../core/memory/geometry.ts';
import type { SearchCase } from '../../../verify/cases/search-case.ts';
import { CHECKED_ALGORITHMS, type CheckedAlgorithm, inOnePass } from '../../../verify/checked-algorithm.ts';
import { guarded } from '../../../verify/guarded-algorithm.ts';
import type { EqualityProof } from '../../../verify/proof/equality-proof.ts';
import { equalityProofs, propertyProof } from '../../../verify/proof/proving.ts';
import { reportingAttempts } from '../../../verify/reported-attempts.ts';
import { Verification, type VerifyReport } from '../../../verify/verification.ts';
import { compareSnapshots, measureGap } from '../../compare/snapshots.ts';
import { sayPrints } from '../c-walk/walk-process.ts';
import { loadAlgorithm } from './algorithm-module.ts';
import { HangError, withDeadline } from './deadline.ts';
import type { LoadedAlgorithm } from './loaded-algorithm.ts';
import { bounded, Supervision, searchFailure } from './search-failure.ts';
import {
  type ExplainJob,
  namesOf,
  type ProofAnswer,
  type VerifyJob,
  type VerifyMessage,
  type VerifyTask,
} from './verify-job.ts';

const say = (message: VerifyMessage) => parentPort?.postMessage(message);
const showProgress = (done: number, what: string) => say({ kind: 'progress', done, what });

const { job, deadlines, c } = workerData as VerifyTask;
const cWalks = c && {
  ...c,
  geometry: firstGeometry(),
  say: (text: string) => say({ kind: 'said', text }),
  started: (pid: number) => say({ kind: 'started', pid }),
};
const inTime = <T>(step: () => T) => withDeadline(deadlines.step, step);

// An algorithm that ends the process is told of with its case, as one that throws is.
process.exit = () => {
  throw new Error('it ended the process');
};

void work().then((answer) => {
  sayPrints();
  if (answer.ok) say({ kind: 'answer', answer: answer.value });
  else say({ kind: 'failure', failure: answer.failure });
});

async function work(): Promise<Result<unknown>> {
  const algorithms: LoadedAlgorithm[] = [];
  for (const name of namesOf(job)) {
    const loaded = await loadAlgorithm(name, cWalks);
    if (!loaded.ok) return loaded;
    algorithms.push(loaded.value);
  }
  if (job.kind === 'verify') return confirmed(verify(job, algorithms), job, algorithms);
  if (job.kind === 'prove') return prove(job, algorithms);
  // What a file holds, in its order, is one pass.
  const searches = algorithms.map((each) => (isBuiltIn(each) ? each : guarded(inOnePass(each))));
  try {
    if (job.kind === 'explain') return succeed(explainBy(bounded(searches[0], deadlines.step), job));
    const { files, flags } = job;
    const supervision = new Supervision(deadlines.step);
    // Built-in searches come back, do nothing that none may do, and are planned in less time as they are.
    const supervised = searches.map((each) => (isBuiltIn(each) ? each : supervision.of(each)));
    const inStep = searches.every(isBuiltIn) ? undefined : (step: () => void) => supervision.run(step);
    const asked = { files, flags, showProgress, inStep };
    return job.kind === 'compare'
      ? await compareSnapshots([supervised[0], supervised[1]], asked)
      : await measureGap(supervised[0], job.objective, asked);
  } catch (error) {
    const failure = searchFailure(error, namesOf(job));
    if (!failure) throw error;
    return failWith(failure);
  }
}

function isBuiltIn(algorithm: CheckedAlgorithm): boolean {
  return CHECKED_ALGORITHMS.get(algorithm.name) === algorithm;
}

/** A range explained by an algorithm of somebody's, under its path. */
function explainBy({ name, algorithm }: CheckedAlgorithm, job: ExplainJob): Explanation {
  const { range, policy, outcomes, around } = job;
  return explainRange(
    range,
    policy,
    { algorithm: reportingAttempts({ ...algorithm, name }), outcomes },
    around,
  );
}

/** The geometry that is asked about first. */
function firstGeometry(): Geometry {
  if (job.kind === 'explain') return job.range.geometry;
  if (job.kind !== 'verify') return x86_64;
  return job.single?.range.geometry ?? geometryOfPmdOrder(job.options.pmdOrder ?? x86_64.pmdOrder);
}

function verify(
  job: Extract<VerifyJob, { kind: 'verify' }>,
  algorithms: readonly CheckedAlgorithm[],
): Result<VerifyReport> {
  const { asked, options, single, seconds = Number.POSITIVE_INFINITY } = job;
  const made = Verification.of(asked, algorithms, options);
  if (!made.ok) return made;
  const verification = made.value;
  try {
    if (single) return succeed(inTime(() => verification.only(single)));
    const end = performance.now() + 1_000 * seconds;
    const steps = verification.check.run();
    for (let step = inTime(() => steps.next()); !step.done; step = inTime(() => steps.next())) {
      showProgress(step.value, 'cases tried');
      if (performance.now() >= end) break;
    }
    return succeed(inTime(() => verification.report()));
  } catch (error) {
    if (!(error instanceof HangError)) throw error;
    return succeed(verification.reportHang(single ? () => true : comesBack));
  }
}

/**
 * A report whose cases were tried again with searches that were loaded anew: what only ranges before led to
 * is told apart.
 */
async function confirmed(
  report: Result<VerifyReport>,
  { asked, options, single }: Extract<VerifyJob, { kind: 'verify' }>,
  algorithms: readonly LoadedAlgorithm[],
): Promise<Result<VerifyReport>> {
  if (!report.ok || report.value.findings.length === 0 || single) return report;
  const anew: CheckedAlgorithm[] = [];
  for (const algorithm of algorithms) {
    const loaded = await (algorithm.again?.() ?? succeed(algorithm));
    if (!loaded.ok) return loaded;
    anew.push(loaded.value);
  }
  const verification = Verification.of(asked, anew, options);
  if (!verification.ok) return verification;
  try {
    return succeed(inTime(() => verification.value.confirm(report.value)));
  } catch (error) {
    if (error instanceof HangError) return report;
    throw error;
  }
}

/** Whether a step ends soon: every one of a single case does, but for one that hangs. */
function comesBack(step: () => void): boolean {
  showProgress(0, 'steps to a smaller case that hangs');
  try {
    withDeadline(deadlines.case, step);
    return true;
  } catch (error) {
    if (error instanceof HangError) return false;
    throw error;
  }
}

function prove(
  { asked, options, proof: asks }: Extract<VerifyJob, { kind: 'prove' }>,
  algorithms: readonly CheckedAlgorithm[],
): Result<ProofAnswer> {
  const [a, b] = algorithms;
  const verification = Verification.of(asked, algorithms, options);
  if (!verification.ok) return verification;
  const reportOf = (found: SearchCase | undefined) =>
    found ? inTime(() => verification.value.only(found)) : verification.value.report();
  if (b) {
    const runs = equalityProofs([a, b], asked.kind === 'equivalence' ? asked.relation : 'attempts', asks);
    if (typeof runs === 'string') return succeed({ report: undefined, noProof: runs });
    let equality: EqualityProof | undefined;
    for (const run of runs) {
      goThrough(run.run());
      equality = run.result();
      if (equality.proved) break;
    }
    return succeed({ equality, report: reportOf(equality?.found?.case), noProof: equality?.stopped });
  }
  const run = propertyProof(a, asks);
  if (typeof run === 'string') return succeed({ report: undefined, noProof: run });
  goThrough(run.run());
  const properties = run.result();
  return succeed({ properties, report: reportOf(properties.found), noProof: properties.stopped });
}

/** Runs a proof to its end, or until a machine does not come back. */
function goThrough(steps: Generator<number>): void {
  try {
    for (let step = inTime(() => steps.next()); !step.done; step = inTime(() => steps.next())) {
      showProgress(step.value, 'states gone through');
    }
  } catch (error) {
    if (!(error instanceof HangError)) throw error;
  }
}
