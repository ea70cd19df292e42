import type { RunPolicy } from '../../analysis/ranges/verdict.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { type RestartedRange, restartRange, touchedPages } from '../../core/fault/restart.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { hasPage } from '../../core/memory/occupancy.ts';
import { intersectOrders, type OrderSet, parseOrders } from '../../core/memory/order.ts';
import { parseSpan } from '../../core/memory/page-span.ts';
import { type RangeState, unknownFacts } from '../../core/memory/range-state.ts';
import { planRange } from '../../core/plan/plan.ts';
import { faultableOrders, type KernelModel } from '../../core/rules/kernel-model.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import { enabledOrders, hugepagePolicy } from '../../core/rules/thp-settings.ts';
import { whyNoSize } from '../../core/rules/vma.ts';
import { planJson } from '../../render/json/predict.ts';
import type { Context } from '../shared/context.ts';
import { policyFromFlags } from '../shared/flags/command-policy.ts';
import { geometryFromFlags } from '../shared/flags/geometry-flags.ts';
import { answerLines } from '../shared/input/answer-lines.ts';
import type { WithPolicyFile } from '../shared/input/command-inputs.ts';
import { answerJsonLine } from '../shared/input/json-line.ts';
import { policyOfLine, type RangeLine, rangeOfLine } from '../shared/input/range-line.ts';
import { parseRangeLine } from '../shared/input/range-line-json.ts';
import type { PredictFlags } from './command.ts';

/**
 * `predict --ranges`: one JSON answer for each JSON line, in order. A bad line ends it, after the answers to
 * the lines before it are written.
 */
export async function predictRangeLines(
  context: Context,
  flags: WithPolicyFile<PredictFlags> & { readonly ranges: string },
): Promise<Result<void>> {
  const geometry = geometryFromFlags(flags);
  if (!geometry.ok) return geometry;
  const runPolicy = await policyFromFlags(flags, geometry.value, undefined);
  if (!runPolicy.ok) return runPolicy;
  const policy = hugepagePolicy(runPolicy.value, geometry.value);

  return answerLines(context, flags.ranges, (line) =>
    answerLine(line, geometry.value, runPolicy.value, policy, flags.restart === true),
  );
}

function answerLine(
  line: string,
  geometry: Geometry,
  runPolicy: RunPolicy,
  flags: CollapsePolicy,
  isRestartAsked: boolean,
): Result<string> {
  const parsed = parseRangeLine(line);
  if (!parsed.ok) return parsed;
  const { asked, id } = parsed.value;
  const range = rangeOfLine(asked, geometry);
  if (!range.ok) return range;
  const policy = policyOfLine(asked, flags, geometry);
  if (!policy.ok) return policy;
  const enabled = enabledOfLine(asked, runPolicy, geometry);
  if (!enabled.ok) return enabled;
  const restart = restartOfLine(
    asked,
    range.value,
    { model: runPolicy.model, enabled: enabled.value },
    isRestartAsked,
  );
  if (!restart.ok) return restart;
  const plan = planRange(range.value, policy.value, {
    algorithm: runPolicy.algorithm,
    outcomes: runPolicy.outcomes,
  });
  const assumed = unknownFacts(range.value);
  const ignored = whyNoSize(enabled.value, runPolicy.model, geometry);
  return succeed(
    answerJsonLine(id, {
      ...planJson(plan, policy.value, ignored),
      ...(restart.value ? { restart: restart.value } : {}),
      ...(assumed.length > 0 ? { assumed } : {}),
    }),
  );
}

/**
 * What page faults make of the range when its program starts again: asked for by a flag, or by a VMA in the
 * line.
 */
function restartOfLine(
  { vma }: RangeLine,
  range: RangeState,
  { model, enabled }: { readonly model: KernelModel; readonly enabled: OrderSet },
  isAsked: boolean,
): Result<RestartedRange | undefined> {
  if (vma === undefined && !isAsked) return succeed(undefined);
  const { geometry } = range;
  const span = vma === undefined ? succeed({ start: 0, end: pagesPerRange(geometry) }) : parseSpan(vma);
  if (!span.ok) return span;
  const touched = touchedPages(range);
  for (let page = 0; page < pagesPerRange(geometry); page++)
    if (hasPage(touched, page) && !(span.value.start <= page && page < span.value.end))
      return fail('usage', `page ${page} lies outside of the VMA ${vma}`);
  const usable = intersectOrders(enabled, faultableOrders(model, geometry));
  return succeed(restartRange(touched, span.value, usable, geometry));
}

/** The orders that are enabled for the range of a line: its own, or those of the flags. */
function enabledOfLine({ orders }: RangeLine, { settings }: RunPolicy, geometry: Geometry): Result<OrderSet> {
  return orders === undefined
    ? succeed(enabledOrders(settings, true, geometry))
    : parseOrders(orders, geometry);
}
