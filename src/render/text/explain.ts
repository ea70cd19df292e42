import { formatSize } from '../../core/memory/format-size.ts';
import { growthOf } from '../../analysis/tally.ts';
import { refusalOf } from '../../analysis/tally.ts';
import type { Visit } from '../../core/search/algorithm.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { costOf } from '../../core/plan/cost.ts';
import { pageBytes, pagesPerRange } from '../../core/memory/geometry.ts';
import { resultName } from '../../core/rules/kernel-model.ts';
import { countPages } from '../../core/memory/occupancy.ts';
import { asOffset, asOrder, formatOrder, formatOrders } from '../../core/memory/order.ts';
import { type CollapsePlan, collapsesOf } from '../../core/plan/plan.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import { ASSUMPTIONS, type RangeState, unknownFacts } from '../../core/memory/range-state.ts';
import { drawWindow, legend, PICTURE_ORDER } from './window-picture.ts';
import { type Step, stepNumber, stepOutcome, stepsOf, windowName } from '../words/explain-steps.ts';
import { refusalText, RESULT_MEANINGS } from '../words/reasons.ts';
import { ignoredNoneLimit } from '../words/none-limit-note.ts';
import { plural } from '../../core/base/plural.ts';
import type { Style } from './style.ts';
import type { Verdict } from '../../analysis/verdict.ts';

/** A range that khugepaged does not look at, and why. */
export interface IgnoredRange {
  readonly range: RangeState;
  readonly policy: CollapsePolicy;
  readonly algorithm: string;
  readonly ignored: NonNullable<Verdict['ignored']>;
  /** The first range of the VMA that it does look at. */
  readonly firstWhole: number | undefined;
}

/** Why nothing happens to a range, with its picture. */
export function ignoredRangeText(ignored: IgnoredRange, style: Style): string {
  const { range, policy } = ignored;
  const first =
    ignored.firstWhole === undefined
      ? []
      : [`        the first whole range of the VMA is 0x${ignored.firstWhole.toString(16)}`];
  return [
    ...heading(ignored, style),
    '',
    `      ${drawRange(range)}`,
    ...legend(range).map((line) => style.dim(`      ${line}`)),
    '',
    `${style.bold('result')}  khugepaged does not look at this range: ${refusalText(ignored.ignored, policy.orders)}`,
    ...first,
    '',
  ].join('\n');
}

/** One range explained: what collapses and every visit that led to it. */
export interface Explanation {
  readonly range: RangeState;
  readonly policy: CollapsePolicy;
  readonly algorithm: string;
  readonly plan: CollapsePlan;
  readonly visits: readonly Visit[];
}

/**
 * The steps of the search as text, a picture a window; windows are written OFFSET:ORDER. Unless `everyStep`, an empty
 * window stands for the windows inside it.
 */
export function explainText(explanation: Explanation, style: Style, everyStep: boolean): string {
  return [
    ...heading(explanation, style),
    '',
    ...scanLines(explanation, style),
    ...(explanation.visits.length > 0 ? ['', ...stepLines(explanation, style, everyStep)] : []),
    '',
    ...resultLines(explanation, style),
    '',
  ].join('\n');
}

/** Which range, and what is asked about it. */
export function heading(
  { range, policy, algorithm }: Pick<Explanation, 'range' | 'policy' | 'algorithm'>,
  style: Style,
): string[] {
  const { geometry } = range;
  const ignored = ignoredNoneLimit(policy, geometry);
  const pages = `${pagesPerRange(geometry)} PTEs of ${formatBytes(pageBytes(geometry))}`;
  return [
    `${style.bold(`PMD range 0x${range.address.toString(16)}`)}, ${pages}; ${policy.model.name}, ${algorithm}`,
    `orders ${formatOrders(policy.orders)}; max_ptes_none ${policy.maxPtesNone}, max_ptes_swap ${policy.maxPtesSwap}, ` +
      `max_ptes_shared ${policy.maxPtesShared}`,
    ...(ignored ? [style.warn(ignored)] : []),
  ];
}

/** What the scan said and counted. */
export function scanWords({ range, policy, plan }: Explanation, style: Style): string[] {
  const { scan } = plan;
  const where = scan.failedAt === undefined ? '' : ` at PTE ${scan.failedAt}`;
  const verdict =
    scan.result === 'SCAN_SUCCEED'
      ? style.good('goes on to the search')
      : style.bad(`${resultName(scan.result, policy.model)}${where}: ${RESULT_MEANINGS[scan.result]}`);
  const counts = [
    `${countPages(scan.occupied)} occupied`,
    `${scan.noneOrZero} none or zero page`,
    `${scan.unmapped} not present`,
    `${scan.shared} shared`,
    `${scan.referenced} recently used`,
  ];
  return [
    `${style.bold('scan')}  ${verdict}`,
    ...(range.pmdMapped ? [] : [`      ${counts.join(', ')} (${scan.looked} PTEs looked at)`]),
  ];
}

function scanLines(explanation: Explanation, style: Style): string[] {
  const { range, plan } = explanation;
  const { scan } = plan;
  const lines = [...scanWords(explanation, style), `      ${drawRange(range)}`];
  if (scan.failedAt !== undefined && range.geometry.pmdOrder > PICTURE_ORDER) {
    const block = scan.failedAt - (scan.failedAt % (1 << PICTURE_ORDER));
    const picture = drawWindow(range, { offset: asOffset(block), order: asOrder(PICTURE_ORDER) });
    lines.push(`      ${picture}  PTEs ${block} to ${block + (1 << PICTURE_ORDER) - 1}`);
  }
  return [...lines, ...legend(range).map((line) => style.dim(`      ${line}`))];
}

function stepLines({ range, policy, plan, visits }: Explanation, style: Style, everyStep: boolean): string[] {
  const steps = stepsOf(visits, plan, everyStep);
  const width = Math.max(...steps.map((step) => stepNumber(step).length));
  const labelWidth = Math.max(6, ...steps.map(({ visit }) => windowName(visit).length));
  const picture = ' '.repeat((1 << PICTURE_ORDER) + 2);
  const lines = [
    style.dim(
      `${'#'.padStart(width)}  ${'window'.padEnd(labelWidth)}  ${'size'.padStart(5)}  ${picture}  pages  need  outcome`,
    ),
  ];
  for (const step of steps) {
    const { visit } = step;
    const { next } = visits[step.last];
    const pages = visit.enabled ? String(visit.occupied) : '';
    const needed = visit.enabled ? String(visit.needed) : '';
    const cells = [
      stepNumber(step).padStart(width),
      windowName(visit).padEnd(labelWidth),
      formatOrder(visit.order, range.geometry).padStart(5),
      drawWindow(range, visit),
      pages.padStart(5),
      needed.padStart(4),
      outcome(step, policy, style) + style.dim(next ? `, then ${windowName(next)}` : ', end'),
    ];
    lines.push(cells.join('  '));
    if (visit.stack) {
      const windows = visit.stack.map(windowName).join(' ');
      lines.push(style.dim(`${' '.repeat(width)}  stack  ${windows ? `${windows}  <- top` : 'empty'}`));
    }
  }
  return lines;
}

/** The whole range as one box. */
function drawRange(range: RangeState): string {
  return drawWindow(range, { offset: asOffset(0), order: asOrder(range.geometry.pmdOrder) });
}

const TONES = { quiet: 'dim', plain: undefined, good: 'good', bad: 'warn' } as const;

function outcome(step: Step, policy: CollapsePolicy, style: Style): string {
  const { text, tone } = stepOutcome(step, policy);
  const styled = TONES[tone];
  return styled ? style[styled](text) : text;
}

/** What came of it, what it costs, and what was assumed. */
export function resultLines({ range, policy, plan }: Explanation, style: Style): string[] {
  const { geometry } = range;
  const collapses = collapsesOf(plan);
  const refusal = refusalOf({ ignored: undefined, plan });
  const cost = costOf(range, plan);
  const lines = [`${style.bold('result')}  ${resultName(plan.result, policy.model)}`];
  if (refusal) {
    // The reason of a failed scan stands there already.
    if (plan.scan.result === 'SCAN_SUCCEED')
      lines.push(`        nothing collapses: ${refusalText(refusal, policy.orders)}`);
  } else {
    const windows = collapses.map(
      ({ offset, order }) => `${offset}:${order} (${formatOrder(order, geometry)})`,
    );
    const growth = growthOf(cost);
    const { before, after } = cost;
    lines.push(
      `        ${plural(collapses.length, 'collapse')}: ${windows.join(' ')}`,
      `        ${plural(cost.coveredPages, 'page')} covered: ${cost.copiedPages} copied, ${cost.filledPages} filled; ` +
        `RSS ${growth === 0 ? 'unchanged' : `+${formatSize(growth, geometry)}`}`,
      `        TLB entries ${before.tlbEntriesFolio} -> ${after.tlbEntriesFolio} if a folio takes one; ` +
        `${before.tlbEntriesPmd} -> ${after.tlbEntriesPmd} if only PMD entries map more than a page`,
    );
  }
  const unknown = unknownFacts(range);
  if (unknown.length > 0) {
    lines.push('', 'assumed, because it cannot be seen:', ...unknown.map((fact) => `  ${ASSUMPTIONS[fact]}`));
  }
  return lines;
}
