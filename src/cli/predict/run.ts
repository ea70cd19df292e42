import { explainRange, ignoredBySizes } from '../../analysis/prediction/explanation.ts';
import { addVerdict, emptyTally } from '../../analysis/ranges/tally.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { sum } from '../../core/base/sum.ts';
import { addRestartedRange } from '../../core/fault/restart-counts.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import { intersectOrders } from '../../core/memory/order.ts';
import { faultableOrders } from '../../core/rules/kernel-model.ts';
import { enabledOrders, hugepagePolicy } from '../../core/rules/thp-settings.ts';
import { predictHead, rangeJson, totalsJson, totalsWithRestart } from '../../render/json/predict.ts';
import { explainText, ignoredRangeText } from '../../render/text/explain/explain.ts';
import { restartLines } from '../../render/text/predict/restart.ts';
import { RESTART_IS_A_BOUND } from '../../render/words/restart-sentence.ts';
import { unmetSentences } from '../../render/words/unmet-outcomes.ts';
import { type Context, print, printText, reportFailure, styleFor, warn } from '../shared/context.ts';
import { policyFromFlags } from '../shared/flags/command-policy.ts';
import type { CommandInputs, WithPolicyFile } from '../shared/input/command-inputs.ts';
import { isDigestFile } from '../shared/input/is-digest-file.ts';
import { rangeFromFlags, sourceInputs } from '../shared/memory/source.ts';
import type { PredictFlags } from './command.ts';
import { predictProcesses } from './processes.ts';

/** `thpscope predict`: what khugepaged would collapse, what it costs and gains. */
export async function predict(this: Context, flags: PredictFlags, ...words: string[]): Promise<void> {
  const inputs = await sourceInputs(this, flags, words);
  const done = inputs.ok ? await predictSource(this, inputs.value) : inputs;
  if (!done.ok) reportFailure(this, done.failure);
}

async function predictSource(
  context: Context,
  { flags, files }: CommandInputs<PredictFlags>,
): Promise<Result<void>> {
  if (flags.totals && (!flags.json || flags.pattern !== undefined || flags.ranges !== undefined))
    return fail(
      'usage',
      '--totals leaves ranges out of the JSON about memory: give --json, and processes or FILE',
    );
  const totalsOnly = flags.pattern !== undefined || flags.ranges !== undefined || files.some(isDigestFile);
  if (totalsOnly && (flags.sort ?? flags.top ?? flags.vma) !== undefined)
    return fail('usage', '--vma, --sort and --top list what there is: give processes or snapshots');
  if (flags.pattern !== undefined) return predictPattern(context, { ...flags, pattern: flags.pattern });
  // What reads JSON loads zod, which takes as long as Node does to start.
  if (flags.ranges !== undefined) {
    const { predictRangeLines } = await import('./range-lines.ts');
    return predictRangeLines(context, { ...flags, ranges: flags.ranges });
  }
  if (files.some(isDigestFile)) {
    const { predictDigest } = await import('./digest.ts');
    return predictDigest(context, { flags, files });
  }
  return predictProcesses(context, { flags, files });
}

async function predictPattern(
  context: Context,
  flags: WithPolicyFile<PredictFlags> & { pattern: string },
): Promise<Result<void>> {
  const range = rangeFromFlags(flags);
  if (!range.ok) return range;
  const { geometry } = range.value;
  const runPolicy = await policyFromFlags(flags, geometry, undefined);
  if (!runPolicy.ok) return runPolicy;
  const policy = hugepagePolicy(runPolicy.value, geometry);
  const tally = emptyTally(geometry);
  if (flags.restart) {
    const { settings, model } = runPolicy.value;
    const orders = intersectOrders(enabledOrders(settings, true, geometry), faultableOrders(model, geometry));
    addRestartedRange(tally.restart, range.value, { start: 0, end: pagesPerRange(geometry) }, orders);
  }
  const explanation = explainRange(range.value, policy, runPolicy.value);
  for (const note of unmetSentences(explanation)) warn(context, note);
  const ignored = ignoredBySizes(range.value, policy, runPolicy.value);
  if (flags.json) {
    const { plan } = explanation;
    addVerdict(tally, { ...explanation, ignored: undefined });
    const ranges = [rangeJson(range.value, plan, policy, policy.orders, ignored?.ignored)];
    const totals = flags.restart ? totalsWithRestart(tally) : totalsJson(tally);
    await print(context, `${JSON.stringify({ ...predictHead(policy), ranges, totals })}\n`);
  } else {
    const style = styleFor(context, flags.color);
    const text = ignored
      ? ignoredRangeText(ignored, style)
      : explainText({ ...explanation, visits: [] }, style, false);
    await printText(context, text);
    if (!flags.restart) return succeed(undefined);
    const resident = sum(explanation.cost.before.pagesByOrder);
    const lines = [...restartLines(tally.restart, resident, geometry), RESTART_IS_A_BOUND];
    await printText(context, `${lines.join('\n')}\n`);
  }
  return succeed(undefined);
}
