import { followHistory } from '../../analysis/prediction/fault-steps.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { FaultPolicy } from '../../core/fault/fault.ts';
import { type PageAct, parseHistory, playHistory } from '../../core/fault/history.ts';
import { VmaPages } from '../../core/fault/vma-pages.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { NO_ORDERS, type OrderSet, parseOrders } from '../../core/memory/order.ts';
import { type PageSpan, parseSpan } from '../../core/memory/page-span.ts';
import { enabledOrders } from '../../core/rules/thp-settings.ts';
import { faultsJson } from '../../render/json/faults.ts';
import { faultsText } from '../../render/text/explain/faults.ts';
import { type Context, print, printText, reportFailure, styleFor, warn } from '../shared/context.ts';
import { settingsFromFlags } from '../shared/flags/command-policy.ts';
import { geometryFromFlags, geometryNote } from '../shared/flags/geometry-flags.ts';
import { answerLines } from '../shared/input/answer-lines.ts';
import { commandInputs, type WithPolicyFile } from '../shared/input/command-inputs.ts';
import { answerJsonLine } from '../shared/input/json-line.ts';
import type { FaultsFlags } from './command.ts';
import { type HistoryLine, parseHistoryJson } from './history-line.ts';

/** `thpscope faults`: page faults of one VMA, step by step. */
export async function faults(this: Context, flags: FaultsFlags): Promise<void> {
  const done = await answer(this, flags);
  if (!done.ok) reportFailure(this, done.failure);
}

async function answer(context: Context, asked: FaultsFlags): Promise<Result<void>> {
  const inputs = await commandInputs(context, asked, []);
  if (!inputs.ok) return inputs;
  const { flags } = inputs.value;
  const geometry = geometryFromFlags(flags);
  if (!geometry.ok) return geometry;
  const note = geometryNote(flags);
  if (note !== undefined) warn(context, note);
  const orders = await ordersFromFlags(flags, geometry.value);
  if (!orders.ok) return orders;
  const byDefault = { orders: orders.value, hugeZeroPage: flags.noZeroPage !== true };
  const { vma, history, histories } = flags;
  if (histories !== undefined) {
    if (vma !== undefined || history !== undefined)
      return fail(
        'usage',
        '--histories has the VMA and the history in each line; leave out --vma and --history',
      );
    return answerLines(context, histories, (line) => answerLine(line, byDefault, geometry.value));
  }
  if (vma === undefined || history === undefined)
    return fail('usage', 'give --vma START-END and --history ACTS, or --histories FILE; --help has examples');
  const only = askedHistory({ vma, history }, byDefault, geometry.value);
  return only.ok ? answerOne(context, flags, geometry.value, only.value) : only;
}

/** The sizes that page faults may use in every history that does not say so itself. */
async function ordersFromFlags(
  flags: WithPolicyFile<FaultsFlags>,
  geometry: Geometry,
): Promise<Result<OrderSet>> {
  const { orders, policy, policyFile, enabled, set } = flags;
  if ((policy ?? enabled ?? set) === undefined) return ordersOfText(orders ?? 'all', geometry);
  if (orders !== undefined)
    return fail('usage', '--orders says which sizes there are, so give no --policy, --enabled or --set');
  const asked = { policy, policyFile, enabled, set };
  const settings = await settingsFromFlags(asked, geometry, undefined, (path) => /(^|\/)enabled$/.test(path));
  return settings.ok ? succeed(enabledOrders(settings.value, true, geometry)) : settings;
}

async function answerOne(
  context: Context,
  flags: FaultsFlags,
  geometry: Geometry,
  asked: AskedHistory,
): Promise<Result<void>> {
  const { span, acts, policy } = asked;
  if (flags.json) {
    await print(context, `${JSON.stringify(faultsJson(pagesAfter(asked, geometry)))}\n`);
  } else {
    const followed = followHistory(geometry, span, policy, acts);
    await printText(context, faultsText(followed, styleFor(context, flags.color), flags.verbose === true));
  }
  return succeed(undefined);
}

function answerLine(line: string, byDefault: FaultPolicy, geometry: Geometry): Result<string> {
  const parsed = parseHistoryJson(line);
  if (!parsed.ok) return parsed;
  const history = askedHistory(parsed.value.asked, byDefault, geometry);
  if (!history.ok) return history;
  return succeed(answerJsonLine(parsed.value.id, faultsJson(pagesAfter(history.value, geometry))));
}

interface AskedHistory {
  readonly span: PageSpan;
  readonly acts: readonly PageAct[];
  readonly policy: FaultPolicy;
}

/** What a history asks. */
function askedHistory(
  { vma, history, orders, zeroPage }: HistoryLine,
  byDefault: FaultPolicy,
  geometry: Geometry,
): Result<AskedHistory> {
  const span = parseSpan(vma);
  if (!span.ok) return span;
  const acts = parseHistory(history, span.value);
  if (!acts.ok) return acts;
  const allowed = orders === undefined ? succeed(byDefault.orders) : ordersOfText(orders, geometry);
  if (!allowed.ok) return allowed;
  const hugeZeroPage = zeroPage ?? byDefault.hugeZeroPage;
  return succeed({ span: span.value, acts: acts.value, policy: { orders: allowed.value, hugeZeroPage } });
}

function pagesAfter({ span, acts, policy }: AskedHistory, geometry: Geometry): VmaPages {
  const pages = new VmaPages(geometry, span, policy);
  playHistory(pages, acts);
  return pages;
}

/** Page faults may have no order at all, which collapses cannot be asked about. */
function ordersOfText(text: string, geometry: Geometry): Result<OrderSet> {
  return text === 'none' || text === '' ? succeed(NO_ORDERS) : parseOrders(text, geometry);
}
