import { CacheQuery } from '../../analysis/cache/cache-query.ts';
import { checkDigestAlgorithm, checkDigestModel, DigestQuery } from '../../analysis/digest/digest-query.ts';
import { otherBytesOf } from '../../analysis/digest/memory-digest.ts';
import { policyWorthOf } from '../../analysis/digest/policy-worth.ts';
import { readOnKernel } from '../../analysis/reading/read-on.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { hugepagePolicy } from '../../core/rules/thp-settings.ts';
import { predictHead } from '../../render/json/predict.ts';
import {
  digestMachineJson,
  digestTotalsJson,
  digestTotalsText,
} from '../../render/text/predict/digest-totals.ts';
import { limitsLeftOut } from '../../render/words/explain/surroundings.ts';
import { type Context, print, printText, styleFor, warn } from '../shared/context.ts';
import { digestTotal } from '../shared/digest/digest-source.ts';
import { policyFromFlags } from '../shared/flags/command-policy.ts';
import type { CommandInputs } from '../shared/input/command-inputs.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import type { PredictFlags } from './command.ts';

/** `predict` over digests: totals only, for a digest knows neither VMAs nor ranges. */
export async function predictDigest(
  context: Context,
  { flags, files }: CommandInputs<PredictFlags>,
): Promise<Result<void>> {
  if (flags.outcome)
    return fail('usage', '--outcome: a digest cannot make attempts fail; give processes or a snapshot');
  const algorithm = checkDigestAlgorithm(flags.algorithm);
  if (!algorithm.ok) return algorithm;
  const total = await digestTotal(context, flags, files, { signal: new AbortController().signal });
  if (!total.ok) return total;
  const { source, memory, processes } = total.value;
  const { host } = source;
  const { geometry, settings } = host;
  const runPolicy = await policyFromFlags(flags, geometry, host);
  if (!runPolicy.ok) return runPolicy;
  const model = checkDigestModel(runPolicy.value.model);
  if (!model.ok) return model;
  if (!settings && flags.policy === undefined)
    warn(context, "the settings of these hosts are unknown or differ; predicted with the kernel's defaults");
  const query = new DigestQuery(memory);
  const worth = policyWorthOf(query, runPolicy.value.settings, runPolicy.value.model);
  const policy = hugepagePolicy(runPolicy.value, geometry);
  if (flags.json) {
    const totals = digestTotalsJson(memory, worth);
    await print(
      context,
      `${JSON.stringify({ ...predictHead(policy), ...originField(source.origins), ...(flags.totals ? {} : { ranges: [] }), totals, machine: digestMachineJson(memory, worth), otherBytes: otherBytesOf(memory) ?? null })}\n`,
    );
  } else {
    const readOn = readOnKernel(host.kernelRelease, false);
    const style = styleFor(context, flags.color);
    await printOrigin(context, source.origins);
    const { settings: asked, shmem, model: of } = runPolicy.value;
    const cache = source.cache && new CacheQuery(source.cache, shmem, of);
    const groups = source.processes.flatMap(({ process }) => process.memoryGroups ?? []);
    const limits = limitsLeftOut(groups, worth.growthPages, geometry);
    await printText(
      context,
      [
        digestTotalsText(memory, worth, processes, policy, readOn, style, cache, asked),
        ...limits.map((line) => `${line}\n`),
      ].join(''),
    );
    for (const note of source.notes) warn(context, note);
  }
  return succeed(undefined);
}
