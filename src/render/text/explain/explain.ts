import type { Explanation, IgnoredRange } from '../../../analysis/prediction/explanation.ts';
import { asOffset, asOrder, formatOrder, type Window } from '../../../core/memory/order.ts';
import type { RangeState } from '../../../core/memory/range-state.ts';
import type { CollapsePolicy } from '../../../core/rules/policy.ts';
import {
  AFTER_LABEL,
  type ExplainLine,
  headingLines,
  ignoredLines,
  resultLines,
  scanLines,
} from '../../words/explain/explain-lines.ts';
import {
  type Step,
  stepNumber,
  stepOutcome,
  stepsOf,
  visitName,
  windowName,
} from '../../words/explain/explain-steps.ts';
import type { Style } from '../layout/style.ts';
import { drawWindow, legend, PICTURE_ORDER } from './window-picture.ts';

/** Why nothing happens to a range, with its picture. */
export function ignoredRangeText(ignored: IgnoredRange, style: Style): string {
  const { range } = ignored;
  return [
    ...styledLines(headingLines(ignored), style),
    '',
    `      ${drawRange(range)}`,
    ...legend(range, [{ range, window: pmdWindow(range) }]).map((line) => style.dim(`      ${line}`)),
    '',
    ...styledLines(ignoredLines(ignored), style),
    '',
  ].join('\n');
}

/**
 * The steps of the search as text, a picture a window; windows are written OFFSET:ORDER. Unless `everyStep`,
 * an empty window stands for the windows inside it.
 */
export function explainText(explanation: Explanation, style: Style, everyStep: boolean): string {
  return [
    ...styledLines(headingLines(explanation), style),
    '',
    ...scanPart(explanation, style),
    ...(explanation.visits.length > 0 ? ['', ...stepLines(explanation, style, everyStep)] : []),
    '',
    ...styledLines(resultLines(explanation), style),
    '',
  ].join('\n');
}

/** Lines as a terminal shows them. */
export function styledLines(lines: readonly ExplainLine[], style: Style): string[] {
  return lines.map(({ kind, label, text, tone, indent }) => {
    const start = label === '' ? '' : style.bold(label);
    return `${' '.repeat(indent)}${start}${AFTER_LABEL[kind]}${tone === 'plain' ? text : style[tone](text)}`;
  });
}

/** What the scan returned, with a picture of the range and of the place where it stopped. */
function scanPart(explanation: Explanation, style: Style): string[] {
  const { range, plan } = explanation;
  const { scan } = plan;
  const lines = [...styledLines(scanLines(explanation), style), `      ${drawRange(range)}`];
  if (scan.failedAt !== undefined && range.geometry.pmdOrder > PICTURE_ORDER) {
    const block = scan.failedAt - (scan.failedAt % (1 << PICTURE_ORDER));
    const picture = drawWindow(range, { offset: asOffset(block), order: asOrder(PICTURE_ORDER) });
    lines.push(`      ${picture}  PTEs ${block} to ${block + (1 << PICTURE_ORDER) - 1}`);
  }
  const pictures = [pmdWindow(range), ...explanation.visits].map((window) => ({ range, window }));
  return [...lines, ...legend(range, pictures).map((line) => style.dim(`      ${line}`))];
}

function stepLines({ range, policy, plan, visits }: Explanation, style: Style, everyStep: boolean): string[] {
  const steps = stepsOf(visits, plan, everyStep);
  const width = Math.max(...steps.map((step) => stepNumber(step).length));
  const labelWidth = Math.max(6, ...steps.map(({ visit }) => visitName(visit).length));
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
      visitName(visit).padEnd(labelWidth),
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
export function drawRange(range: RangeState): string {
  return drawWindow(range, pmdWindow(range));
}

export function pmdWindow({ geometry }: RangeState): Window {
  return { offset: asOffset(0), order: asOrder(geometry.pmdOrder) };
}

const TONES = { quiet: 'dim', plain: undefined, good: 'good', bad: 'warn' } as const;

function outcome(step: Step, policy: CollapsePolicy, style: Style): string {
  const { text, tone } = stepOutcome(step, policy);
  const styled = TONES[tone];
  return styled ? style[styled](text) : text;
}
