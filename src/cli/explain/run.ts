import { existsSync } from 'node:fs';
import { type CacheExplanation, explainCacheRange } from '../../analysis/cache/cache-explanation.ts';
import type { FoundCacheRange } from '../../analysis/cache/cache-search.ts';
import {
  type Explanation,
  explainRange,
  type IgnoredRange,
  ignoredBySizes,
  type RangeSurroundings,
} from '../../analysis/prediction/explanation.ts';
import {
  assumesRegistration,
  type CollapseSurroundings,
  eligibilityIn,
  registers,
} from '../../analysis/ranges/assumptions.ts';
import type { RunPolicy } from '../../analysis/ranges/verdict.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { rangeBytes } from '../../core/memory/geometry.ts';
import { orderSet } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import type { Host, MemoryOrigin } from '../../core/rules/memory-source.ts';
import { type CollapsePolicy, collapsePolicy } from '../../core/rules/policy.ts';
import { hugepagePolicy } from '../../core/rules/thp-settings.ts';
import { coversRange } from '../../core/rules/vma.ts';
import { ALGORITHM_NAMES } from '../../core/search/algorithm-names.ts';
import { explainJson, ignoredRangeJson } from '../../render/json/explain.ts';
import { cacheRangeJson } from '../../render/json/explain-cache.ts';
import { explainSvg, ignoredRangeSvg } from '../../render/svg/explain.ts';
import { cacheRangeSvg } from '../../render/svg/explain-cache.ts';
import { explainText, ignoredRangeText } from '../../render/text/explain/explain.ts';
import { cacheRangeText } from '../../render/text/explain/explain-cache.ts';
import { originLine } from '../../render/words/origin-line.ts';
import { unmetSentences } from '../../render/words/unmet-outcomes.ts';
import { type Context, print, printText, reportFailure, styleFor, warn } from '../shared/context.ts';
import { parseAddress } from '../shared/flags/asked-address.ts';
import type { CFlags } from '../shared/flags/c-flags.ts';
import { policyFromFlags } from '../shared/flags/command-policy.ts';
import { noneLimitsFromFlags } from '../shared/flags/none-limits.ts';
import type { PolicyFlags } from '../shared/flags/policy-flags.ts';
import type { CommandInputs, WithPolicyFile } from '../shared/input/command-inputs.ts';
import { isDigestFile } from '../shared/input/is-digest-file.ts';
import { originField } from '../shared/memory/origin.ts';
import { memoryFromFlags, rangeFromFlags, sourceInputs } from '../shared/memory/source.ts';
import { runVerifyJob } from '../shared/search/verify-job.ts';
import { readVersion } from '../shared/version.ts';
import type { ExplainFlags } from './command.ts';
import { type FoundRange, findRange } from './find-range.ts';

/** The flags with a built-in algorithm, if with any. */
type BuiltInFlags = Omit<ExplainFlags, 'algorithm'> & Pick<PolicyFlags, 'algorithm'>;

/** `thpscope explain`: one PMD range, every step. */
export async function explain(this: Context, flags: ExplainFlags, ...words: string[]): Promise<void> {
  const builtIn = ALGORITHM_NAMES.find((name) => name === flags.algorithm);
  const file = builtIn ? undefined : flags.algorithm;
  if (file !== undefined && !existsSync(file)) {
    const message = `--algorithm ${file}: neither a file nor one of ${ALGORITHM_NAMES.join(', ')}`;
    return reportFailure(this, fail('usage', message).failure);
  }
  const inputs = await sourceInputs(this, { ...flags, algorithm: builtIn }, words);
  const answer = inputs.ok ? await answerText(this, inputs.value, file) : inputs;
  const isText = !flags.json && (flags.format ?? 'text') === 'text';
  if (answer.ok) await (isText ? printText : print)(this, answer.value);
  else reportFailure(this, answer.failure);
}

async function answerText(
  context: Context,
  { flags, files }: CommandInputs<BuiltInFlags>,
  file: string | undefined,
): Promise<Result<string>> {
  if (flags.json && flags.format !== undefined && flags.format !== 'json')
    return fail('usage', `--json and --format ${flags.format}: give one of them`);
  const format = flags.json ? 'json' : (flags.format ?? 'text');
  const asked =
    flags.pattern === undefined
      ? await findAsked(context, { flags, files })
      : await makeAsked(flags, flags.pattern);
  if (!asked.ok) return asked;
  const style = styleFor(context, flags.color);
  const value =
    file !== undefined && ('ignored' in asked.value || 'cached' in asked.value)
      ? { ...asked.value, algorithm: file }
      : asked.value;
  const { origins } = value;
  const line = originLine(origins, readVersion());
  const above = line === undefined ? '' : `${line}\n`;
  if ('cached' in value) {
    const { cached, policy } = value;
    if (format === 'json')
      return succeed(
        `${JSON.stringify({ ...cacheRangeJson(cached, policy, value.algorithm), ...originField(origins) })}\n`,
      );
    return succeed(format === 'svg' ? cacheRangeSvg(cached) : `${above}${cacheRangeText(cached, style)}`);
  }
  if ('ignored' in value) {
    if (format === 'json')
      return succeed(`${JSON.stringify({ ...ignoredRangeJson(value), ...originField(origins) })}\n`);
    return succeed(format === 'svg' ? ignoredRangeSvg(value) : `${above}${ignoredRangeText(value, style)}`);
  }
  const explained =
    file === undefined ? succeed(explainBuiltIn(value)) : await explainByFile(context, value, file, flags);
  if (!explained.ok) return explained;
  const explanation = explained.value;
  for (const note of unmetSentences(explanation)) warn(context, note);
  const everyStep = flags.verbose === true;
  if (format === 'json')
    return succeed(`${JSON.stringify({ ...explainJson(explanation), ...originField(origins) })}\n`);
  if (format === 'svg') return succeed(explainSvg(explanation, everyStep));
  return succeed(`${above}${explainText(explanation, style, everyStep)}`);
}

/** Where what was asked about comes from: made-up memory from nowhere. */
interface Found {
  readonly origins: readonly MemoryOrigin[];
}

interface AskedRange {
  readonly range: RangeState;
  readonly policy: CollapsePolicy;
  readonly runPolicy: RunPolicy;
  readonly around?: RangeSurroundings;
}

/** A range of the page cache, which no search is asked about. */
interface CachedRange {
  readonly cached: CacheExplanation;
  readonly policy: CollapsePolicy;
  readonly algorithm: string;
}

function explainBuiltIn({ range, policy, runPolicy, around }: AskedRange): Explanation {
  return explainRange(range, policy, runPolicy, around);
}

/** Explains a range by the algorithm of a file, which runs in a thread or a process of its own. */
function explainByFile(
  context: Context,
  { range, policy, runPolicy: { outcomes }, around }: AskedRange,
  name: string,
  flags: CFlags,
): Promise<Result<Explanation>> {
  return runVerifyJob(context, { kind: 'explain', name, range, policy, outcomes, around }, flags);
}

async function makeAsked(
  flags: WithPolicyFile<BuiltInFlags>,
  pattern: string,
): Promise<Result<(AskedRange | IgnoredRange) & Found>> {
  if (flags.address !== undefined) {
    return fail('usage', '--address goes with processes and snapshots, not with --pattern');
  }
  const range = rangeFromFlags({ ...flags, pattern });
  if (!range.ok) return range;
  const runPolicy = await policyFromFlags(flags, range.value.geometry, undefined);
  if (!runPolicy.ok) return runPolicy;
  const noneLimits = noneLimitsFromFlags(flags, range.value.geometry);
  if (!noneLimits.ok) return noneLimits;
  const policy = { ...hugepagePolicy(runPolicy.value, range.value.geometry), ...noneLimits.value };
  const ignored = ignoredBySizes(range.value, policy, runPolicy.value);
  const asked = ignored ?? { range: range.value, policy, runPolicy: runPolicy.value };
  return succeed({ ...asked, origins: [] });
}

async function findAsked(
  context: Context,
  { flags, files }: CommandInputs<BuiltInFlags>,
): Promise<Result<(AskedRange | IgnoredRange | CachedRange) & Found>> {
  if (flags.maxPtesNoneOf !== undefined)
    return fail('usage', '--max-ptes-none-of is for made-up ranges: give --pattern');
  const digest = files.find(isDigestFile);
  if (digest)
    return fail('usage', `${digest.name}: a digest holds counts, no ranges to explain; give the snapshot`);
  if (flags.address === undefined)
    return fail('usage', 'which range? give --address ADDR; predict -v lists VMAs');
  const address = parseAddress('--address', flags.address);
  if (!address.ok) return address;
  const single = address.value.end === undefined ? address.value.start : undefined;
  const opened = await memoryFromFlags(context, flags, files, single);
  if (!opened.ok) return opened;
  const { host } = opened.value.source;
  const runPolicy = await policyFromFlags(flags, host.geometry, host);
  if (!runPolicy.ok) return runPolicy;
  const found = await findRange(opened.value, address.value);
  if (!found.ok) return found;
  const { origins } = opened.value;
  if ('cached' in found.value) {
    const { cached, notes } = found.value;
    // They say why the file could not be read.
    if (cached.file === undefined) for (const note of notes) warn(context, note);
    return succeed({ ...judgeCached(cached, runPolicy.value, host), origins });
  }
  const surroundings = { ...host, shrinkUnderused: runPolicy.value.shrinkUnderused };
  const judged = judgeFound(found.value, runPolicy.value, surroundings);
  return succeed({ ...judged, origins });
}

function judgeCached(found: FoundCacheRange, runPolicy: RunPolicy, { geometry }: Host): CachedRange {
  const { settings, model, algorithm } = runPolicy;
  const cached = explainCacheRange(found, geometry, runPolicy);
  const orders = orderSet(cached.refusal === undefined ? [geometry.pmdOrder] : []);
  const policy = collapsePolicy(orders, settings, model, geometry);
  return { cached, policy, algorithm: algorithm.name };
}

function judgeFound(
  { process, vma, range }: FoundRange,
  runPolicy: RunPolicy,
  surroundings: CollapseSurroundings,
): AskedRange | IgnoredRange {
  const { settings, model, algorithm } = runPolicy;
  const { geometry } = range;
  const { eligibility, isUnchecked } = eligibilityIn(vma, process, runPolicy, geometry, surroundings);
  const covered = coversRange(vma, range.address, geometry);
  if (eligibility.ineligible === undefined && covered) {
    const around = {
      process,
      surroundings,
      assumesRegistration:
        assumesRegistration(surroundings, settings, geometry) &&
        !registers(vma, process, surroundings, model, geometry),
      uncheckedBytes: isUnchecked ? vma.rssBytes : 0,
    };
    return {
      range,
      policy: collapsePolicy(eligibility.orders, settings, model, geometry),
      runPolicy,
      around,
    };
  }
  const first = Math.ceil(vma.start / rangeBytes(geometry)) * rangeBytes(geometry);
  return {
    range,
    policy: hugepagePolicy(runPolicy, geometry),
    algorithm: algorithm.name,
    ignored: eligibility.ineligible ?? 'vma-edge',
    firstWhole: !covered && coversRange(vma, first, geometry) ? first : undefined,
  };
}
