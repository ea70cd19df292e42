import { explainRange } from '../../analysis/explanation.ts';
import { addVerdict, emptyTally } from '../../analysis/tally.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { hugepagePolicy } from '../../core/rules/thp-settings.ts';
import { predictHead, rangeJson, totalsJson } from '../../render/json/predict.ts';
import { explainText } from '../../render/text/explain.ts';
import { policyFromFlags } from '../shared/command-policy.ts';
import { type Context, print, reportFailure, styleFor } from '../shared/context.ts';
import { isDigestFile } from '../shared/is-digest-file.ts';
import { checkOneSource, rangeFromFlags } from '../shared/source.ts';
import type { PredictFlags } from './command.ts';
import { predictProcesses } from './processes.ts';

/** `thpscope predict`: what khugepaged would collapse, what it costs and gains. */
export async function predict(this: Context, flags: PredictFlags, ...files: string[]): Promise<void> {
  const done = await predictSource(this, flags, files);
  if (!done.ok) reportFailure(this, done.failure);
}

async function predictSource(context: Context, flags: PredictFlags, files: string[]): Promise<Result<void>> {
  const source = checkOneSource(flags, files);
  if (!source.ok) return source;
  if (flags.pattern !== undefined) return predictPattern(context, { ...flags, pattern: flags.pattern });
  // What reads JSON loads zod, which takes as long as Node does to start.
  if (flags.ranges !== undefined) {
    const { predictRangeLines } = await import('./range-lines.ts');
    return predictRangeLines(context, { ...flags, ranges: flags.ranges });
  }
  if (files.some(isDigestFile)) {
    const { predictDigest } = await import('./digest.ts');
    return predictDigest(context, flags, files);
  }
  return predictProcesses(context, flags, files);
}

async function predictPattern(
  context: Context,
  flags: PredictFlags & { pattern: string },
): Promise<Result<void>> {
  const range = rangeFromFlags(flags);
  if (!range.ok) return range;
  const { geometry } = range.value;
  const runPolicy = await policyFromFlags(flags, geometry, undefined);
  if (!runPolicy.ok) return runPolicy;
  const policy = hugepagePolicy(runPolicy.value, geometry);
  const explanation = explainRange(range.value, policy, runPolicy.value);
  if (flags.json) {
    const { plan } = explanation;
    const tally = emptyTally(geometry);
    addVerdict(tally, { ...explanation, ignored: undefined });
    const ranges = [rangeJson(range.value, plan, policy, policy.orders)];
    await print(
      context,
      `${JSON.stringify({ ...predictHead(policy), ranges, totals: totalsJson(tally) })}\n`,
    );
  } else {
    await print(context, explainText({ ...explanation, visits: [] }, styleFor(context, flags.color), false));
  }
  return succeed(undefined);
}
