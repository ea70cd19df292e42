import { addComparison, type Comparison, emptyComparison } from '../../analysis/comparison.ts';
import { predictMemory } from '../../analysis/prediction.ts';
import type { Verdict } from '../../analysis/verdict.ts';
import { costOf } from '../../core/plan/cost.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { planRange } from '../../core/plan/plan.ts';
import { parseObjective } from '../../verify/best-cover.ts';
import type { CheckedAlgorithm } from '../../verify/checked-algorithm.ts';
import { addRangeToGap, emptyGap, type Gap } from '../../verify/optimality.ts';
import { SnapshotError } from '../../snapshot/damage.ts';
import type { MemoryPolicyFlags } from '../shared/flags.ts';
import { type CommandPolicy, policyFromFlags } from '../shared/command-policy.ts';
import { openSnapshots } from '../shared/source.ts';

type ShowProgress = (done: number, what: string) => void;

/** What two algorithms do to recorded memory, under the same settings. */
export async function compareSnapshots(
  [a, b]: readonly [CheckedAlgorithm, CheckedAlgorithm],
  files: readonly string[],
  flags: MemoryPolicyFlags,
  showProgress: ShowProgress,
): Promise<Result<Comparison>> {
  let comparison: Comparison | undefined;
  const done = await judgeSnapshots(a, files, flags, showProgress, (pid, verdict, runPolicy) => {
    comparison ??= emptyComparison(verdict.range.geometry);
    addComparison(comparison, pid, verdict, judgedBy(b, verdict, runPolicy));
  });
  if (!done.ok) return done;
  return succeed(comparison ?? emptyComparison(done.value));
}

/** How far an algorithm stays behind the best covers of recorded memory, were every attempt to succeed. */
export async function measureGap(
  algorithm: CheckedAlgorithm,
  objectiveText: string,
  files: readonly string[],
  flags: MemoryPolicyFlags,
  showProgress: ShowProgress,
): Promise<Result<Gap>> {
  const objective = parseObjective(objectiveText);
  if (!objective.ok) return objective;
  const gap = emptyGap();
  const done = await judgeSnapshots(algorithm, files, flags, showProgress, (_, { range, plan, policy }) => {
    if (plan?.scan.result !== 'SCAN_SUCCEED') return;
    const { geometry, uffdArmed } = range;
    const { occupied, unmapped } = plan.scan;
    addRangeToGap(gap, algorithm, { geometry, occupied, unmapped, uffdArmed }, policy, objective.value);
  });
  return done.ok ? succeed(gap) : done;
}

/** Hands out what an algorithm makes of each range of recorded memory; returns the geometry. */
async function judgeSnapshots(
  { algorithm, model }: CheckedAlgorithm,
  files: readonly string[],
  flags: MemoryPolicyFlags,
  showProgress: ShowProgress,
  onVerdict: (pid: number, verdict: Verdict, runPolicy: CommandPolicy) => void,
) {
  const opened = await openSnapshots(files, flags.policy);
  if (!opened.ok) return opened;
  const { source } = opened.value;
  const { host } = source;
  const read = await policyFromFlags({ ...flags, kernel: 'linux-7.2' }, host.geometry, host.settings);
  if (!read.ok) return read;
  const runPolicy = { ...read.value, model, algorithm };
  let ranges = 0;
  try {
    await predictMemory(source.items(), host.geometry, runPolicy, {
      onVerdict: (process, verdict) => {
        ranges++;
        onVerdict(process.pid, verdict, runPolicy);
      },
      onBatch: () => {
        showProgress(ranges, 'ranges compared');
        return undefined;
      },
    });
  } catch (error) {
    if (error instanceof SnapshotError) return { ok: false, failure: error.failure } as const;
    throw error;
  }
  return succeed(host.geometry);
}

/** The same range under the same settings, judged by another algorithm. */
function judgedBy(
  { algorithm, model }: CheckedAlgorithm,
  verdict: Verdict,
  { outcomes }: CommandPolicy,
): Verdict {
  const { range, ignored } = verdict;
  const policy = { ...verdict.policy, model };
  const plan = ignored ? undefined : planRange(range, policy, { algorithm, outcomes });
  return { range, policy, ignored, plan, cost: costOf(range, plan) };
}
