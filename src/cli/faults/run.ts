import { followHistory } from '../../analysis/fault-steps.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { FaultPolicy } from '../../core/fault/fault.ts';
import { type PageAct, parseHistory, playHistory } from '../../core/fault/history.ts';
import { VmaPages } from '../../core/fault/vma-pages.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { NO_ORDERS, type OrderSet, parseOrders } from '../../core/memory/order.ts';
import { type PageSpan, parseSpan } from '../../core/memory/page-span.ts';
import { faultsJson } from '../../render/json/faults.ts';
import { faultsText } from '../../render/text/faults.ts';
import { answerLines } from '../shared/answer-lines.ts';
import { type Context, print, reportFailure, styleFor } from '../shared/context.ts';
import { geometryFromFlags } from '../shared/source.ts';
import type { FaultsFlags } from './command.ts';
import { type HistoryLine, parseHistoryJson } from './history-line.ts';

/** `thpscope faults`: page faults of one VMA, step by step. */
export async function faults(this: Context, flags: FaultsFlags): Promise<void> {
  const done = await answer(this, flags);
  if (!done.ok) reportFailure(this, done.failure);
}

async function answer(context: Context, flags: FaultsFlags): Promise<Result<void>> {
  const geometry = geometryFromFlags(flags);
  if (!geometry.ok) return geometry;
  const { vma, history, histories } = flags;
  if (histories !== undefined) {
    if (vma !== undefined || history !== undefined)
      return fail(
        'usage',
        '--histories has the VMA and the history in each line; leave out --vma and --history',
      );
    return answerLines(context, histories, (line) => answerLine(line, flags, geometry.value));
  }
  if (vma === undefined || history === undefined)
    return fail('usage', 'give --vma START-END and --history ACTS, or --histories FILE; --help has examples');
  return answerOne(context, flags, geometry.value, vma, history);
}

async function answerOne(
  context: Context,
  flags: FaultsFlags,
  geometry: Geometry,
  vma: string,
  history: string,
): Promise<Result<void>> {
  const asked = askedHistory({ vma, history }, flags, geometry);
  if (!asked.ok) return asked;
  const { span, acts, policy } = asked.value;
  if (flags.json) {
    await print(context, `${JSON.stringify(faultsJson(pagesAfter(asked.value, geometry)))}\n`);
  } else {
    const followed = followHistory(geometry, span, policy, acts);
    await print(context, faultsText(followed, styleFor(context, flags.color), flags.verbose === true));
  }
  return succeed(undefined);
}

function answerLine(line: string, flags: FaultsFlags, geometry: Geometry): Result<string> {
  const parsed = parseHistoryJson(line);
  if (!parsed.ok) return parsed;
  const asked = askedHistory(parsed.value, flags, geometry);
  if (!asked.ok) return asked;
  const { id } = parsed.value;
  const answer = faultsJson(pagesAfter(asked.value, geometry));
  return succeed(`${JSON.stringify({ ...(id === undefined ? {} : { id }), ...answer })}\n`);
}

interface AskedHistory {
  readonly span: PageSpan;
  readonly acts: readonly PageAct[];
  readonly policy: FaultPolicy;
}

/** What a history asks; what it leaves out is as the flags say. */
function askedHistory(
  { vma, history, orders, zeroPage }: HistoryLine,
  flags: FaultsFlags,
  geometry: Geometry,
): Result<AskedHistory> {
  const span = parseSpan(vma);
  if (!span.ok) return span;
  const acts = parseHistory(history, span.value);
  if (!acts.ok) return acts;
  const allowed = ordersOfText(orders ?? flags.orders, geometry);
  if (!allowed.ok) return allowed;
  const hugeZeroPage = zeroPage ?? flags.noZeroPage !== true;
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
