import { addComparison, type Comparison, emptyComparison } from '../../analysis/prediction/comparison.ts';
import { predictMemory } from '../../analysis/prediction/prediction.ts';
import type { Verdict } from '../../analysis/ranges/verdict.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { type CollapsePlan, planRange } from '../../core/plan/plan.ts';
import type { MemoryItem, MemoryOrigin } from '../../core/rules/memory-source.ts';
import { parseObjective } from '../../verify/best-cover.ts';
import type { CheckedAlgorithm } from '../../verify/checked-algorithm.ts';
import { addRangeToGap, emptyGap, type Gap } from '../../verify/optimality.ts';
import { type CommandPolicy, policyFromFlags } from '../shared/flags/command-policy.ts';
import type { OutcomeFlags } from '../shared/flags/policy-flags.ts';
import type { WithPolicyFile } from '../shared/input/command-inputs.ts';
import type { InputFile } from '../shared/input/input-file.ts';
import { readMemory } from '../shared/memory/read-memory.ts';
import { openSnapshots } from '../shared/memory/source.ts';

/** Recorded memory, and under which settings it is asked about. */
export interface AskedSnapshots {
  readonly files: readonly InputFile[];
  readonly flags: WithPolicyFile<OutcomeFlags>;
  readonly showProgress: (done: number, what: string) => void;
  /** Runs what asks searches of other people; undefined where there are none. */
  readonly inStep?: ((step: () => void) => void) | undefined;
}

/** What was found, and in whose memory. */
export interface OfSnapshots<T> {
  readonly value: T;
  readonly origins: readonly MemoryOrigin[];
}

/** What two algorithms do to recorded memory, under the same settings. */
export async function compareSnapshots(
  [a, b]: readonly [CheckedAlgorithm, CheckedAlgorithm],
  asked: AskedSnapshots,
): Promise<Result<OfSnapshots<Comparison>>> {
  let comparison: Comparison | undefined;
  const done = await judgeSnapshots('compare', a, asked, (pid, verdict, runPolicy) => {
    const { range, plan } = verdict;
    comparison ??= emptyComparison(range.geometry);
    if (plan) addComparison(comparison, pid, range, plan, plannedBy(b, verdict, runPolicy));
  });
  if (!done.ok) return done;
  const { geometry, origins } = done.value;
  return succeed({ value: comparison ?? emptyComparison(geometry), origins });
}

/** How far an algorithm stays behind the best covers of recorded memory, were every attempt to succeed. */
export async function measureGap(
  algorithm: CheckedAlgorithm,
  objectiveText: string,
  asked: AskedSnapshots,
): Promise<Result<OfSnapshots<Gap>>> {
  const objective = parseObjective(objectiveText);
  if (!objective.ok) return objective;
  const gap = emptyGap();
  const done = await judgeSnapshots('verify', algorithm, asked, (_, { range, plan, policy }) => {
    if (plan?.scan.result !== 'SCAN_SUCCEED') return;
    const { geometry, uffdArmed } = range;
    const { occupied, unmapped } = plan.scan;
    addRangeToGap(gap, algorithm, { geometry, occupied, unmapped, uffdArmed }, policy, objective.value);
  });
  return done.ok ? succeed({ value: gap, origins: done.value.origins }) : done;
}

/** Hands out what an algorithm makes of each range of recorded memory; returns what they have in common. */
async function judgeSnapshots(
  command: 'compare' | 'verify',
  { algorithm, model }: CheckedAlgorithm,
  { files, flags, showProgress, inStep }: AskedSnapshots,
  onVerdict: (pid: number, verdict: Verdict, runPolicy: CommandPolicy) => void,
): Promise<Result<{ readonly geometry: Geometry; readonly origins: readonly MemoryOrigin[] }>> {
  const opened = await openSnapshots(command, files, flags.policy);
  if (!opened.ok) return opened;
  const { host } = opened.value.source;
  const { geometry } = host;
  // The kernel comes with the algorithm.
  const commandPolicy = await policyFromFlags({ ...flags, kernel: 'linux-7.3' }, geometry, host);
  if (!commandPolicy.ok) return commandPolicy;
  const runPolicy = { ...commandPolicy.value, model, algorithm };
  let ranges = 0;
  const read = await readMemory(opened.value, async (items) => {
    await predictMemory(inStep ? inSteps(items) : items, geometry, runPolicy, {
      inStep,
      onVerdict: (process, verdict) => {
        ranges++;
        onVerdict(process.pid, verdict, runPolicy);
      },
      onBatch: () => {
        showProgress(ranges, 'ranges compared');
        return undefined;
      },
    });
    return succeed(undefined);
  });
  return read.ok ? succeed({ geometry, origins: opened.value.origins }) : read;
}

/** Ranges that are planned in one step: slow searches get through so many in time. */
const STEP_RANGES = 64;

async function* inSteps(items: AsyncIterable<MemoryItem>): AsyncIterable<MemoryItem> {
  for await (const item of items) {
    if (item.kind !== 'ranges') yield item;
    else
      for (let first = 0; first < item.ranges.length; first += STEP_RANGES)
        yield { kind: 'ranges', ranges: item.ranges.slice(first, first + STEP_RANGES) };
  }
}

/** What another algorithm does to the same range under the same settings. */
function plannedBy(
  { algorithm, model }: CheckedAlgorithm,
  { range, policy }: Verdict,
  { outcomes }: CommandPolicy,
): CollapsePlan {
  return planRange(range, { ...policy, model }, { algorithm, outcomes });
}
