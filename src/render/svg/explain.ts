import type { Explanation, IgnoredRange } from '../../analysis/prediction/explanation.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import { formatOrder } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import { wrap } from '../text/layout/wrap.ts';
import {
  type ExplainLine,
  headingLines,
  ignoredLines,
  plainLine,
  resultLines,
  scanLines,
} from '../words/explain/explain-lines.ts';
import {
  type Step,
  stepNumber,
  stepOutcome,
  stepsOf,
  visitName,
  windowName,
} from '../words/explain/explain-steps.ts';
import { marksOf } from '../words/explain/pte-marks.ts';
import { refusalLine } from '../words/explain/reasons.ts';
import { html, type Markup, type Part, trusted } from '../words/markup.ts';
import { cssColor, orderColor } from './palette.ts';
import { cellsPath, pteLayers } from './pte-layers.ts';
import { RANGE_STYLE, rangeSvg } from './range.ts';
import { element, textAt } from './svg.ts';

const MARGIN = 16;
const LINE = 17;
const ROW = 20;
/** Width of a character of the fixed-width font. */
const CHARACTER = 7.3;
const GRID = 384;
/**
 * Where the columns of a step begin or, of numbers, end. That of the stack depends on how much outcomes say.
 */
const COLUMN = { number: 70, window: 84, size: 178, strip: 194, pages: 640, needed: 690, outcome: 706 };
const STRIP = 400;
const STACKED = 64;

/**
 * An explanation as a picture that stands for itself: the range before and after, then a row for each step
 * with its window over the pages, the count, the threshold, the outcome and, for algorithms that keep one,
 * the stack. Readable on light and dark pages. Unless `everyStep`, an empty window stands for the windows
 * inside it.
 */
export function explainSvg(explanation: Explanation, everyStep: boolean): string {
  const { range, plan, visits, after } = explanation;
  const steps = stepsOf(visits, plan, everyStep);
  const deepest = Math.max(1, ...visits.map(({ stack }) => stack?.length ?? 0));
  const longest = Math.max(20, ...steps.map((step) => stepOutcome(step, explanation.policy).text.length));
  const stackAt = COLUMN.outcome + longest * CHARACTER + MARGIN;
  const keepsStack = visits.some(({ stack }) => stack);
  const width = Math.ceil(stackAt + (keepsStack ? deepest * STACKED + MARGIN : 0));
  const characters = Math.floor((width - 2 * MARGIN) / CHARACTER);
  const page = new Page();
  page.lines(headingLines(explanation), characters);
  page.space();
  page.lines(scanLines(explanation), characters);
  page.space();
  page.pictures(
    [
      ['before', rangeSvg(range, [], GRID)],
      ...(after ? [['after', rangeSvg(after, collapsesOf(plan), GRID)] as const] : []),
    ],
    range,
  );
  page.space();
  if (steps.length > 0) page.steps(steps, explanation, stackAt);
  const results = resultLines(explanation);
  page.lines(results, characters);
  const title = plainLine(headingLines(explanation)[0]);
  const sentences = steps.map((step) => stepLine(step, explanation));
  return page.document(width, title, [...results.map(plainLine), ...sentences]);
}

/** The same for a range that khugepaged does not look at. */
export function ignoredRangeSvg(ignored: IgnoredRange): string {
  return linesSvg([headingLines(ignored)], ignored.range, ignoredLines(ignored), [
    refusalLine(ignored.ignored, ignored.policy.orders),
  ]);
}

/** Lines in parts, the picture of a range below them, and what comes of it; `description` is for readers. */
export function linesSvg(
  parts: readonly (readonly ExplainLine[])[],
  range: RangeState | undefined,
  results: readonly ExplainLine[],
  description: readonly string[],
): string {
  const width = 800;
  const characters = Math.floor((width - 2 * MARGIN) / CHARACTER);
  const page = new Page();
  for (const part of parts) {
    page.lines(part, characters);
    page.space();
  }
  if (range) page.pictures([['', rangeSvg(range, [], GRID)]], range);
  page.space();
  page.lines(results, characters);
  return page.document(width, plainLine(parts[0][0]), description);
}

/** What is drawn from the top down. */
class Page {
  readonly #parts: Markup[] = [];
  #y = MARGIN;

  lines(lines: readonly ExplainLine[], characters: number): void {
    for (const line of lines) {
      const { indent, kind } = line;
      const leads = kind === 'scan' || kind === 'result';
      for (const [i, part] of wrap(plainLine(line), characters - indent).entries()) {
        this.#y += LINE;
        const x = MARGIN + (i === 0 ? indent : indent + 2) * CHARACTER;
        this.#parts.push(textAt(x, this.#y - 4, part, i === 0 && leads ? 'tx-strong' : undefined));
      }
    }
  }

  space(): void {
    this.#y += 8;
  }

  pictures(
    pictures: readonly (readonly [title: string, picture: ReturnType<typeof rangeSvg>])[],
    range: RangeState,
  ): void {
    let x = MARGIN;
    const titled = pictures.some(([title]) => title !== '') && pictures.length > 1;
    if (titled) this.#y += LINE;
    for (const [title, { svg, width }] of pictures) {
      if (titled) this.#parts.push(textAt(x, this.#y - 5, title, 'tx-quiet'));
      this.#parts.push(element('g', { transform: `translate(${x} ${this.#y})` }, svg));
      x += Math.max(width, 60) + 24;
    }
    this.#y += Math.max(...pictures.map(([, { height }]) => height));
    const meanings = marksOf(range).map(({ mark, meaning }) => `${mark} ${meaning}`);
    if (meanings.length === 0) return;
    this.#y += LINE;
    this.#parts.push(textAt(MARGIN, this.#y - 2, meanings.join('   '), 'tx-quiet'));
  }

  steps(steps: readonly Step[], explanation: Explanation, stackAt: number): void {
    this.#y += ROW;
    const head = (x: number, text: string, kind = '') =>
      this.#parts.push(textAt(x, this.#y - 6, text, `tx-quiet ${kind}`.trim()));
    head(COLUMN.number, 'step', 'tx-end');
    head(COLUMN.window, 'window');
    head(COLUMN.size, 'size', 'tx-end');
    head(COLUMN.pages, 'pages', 'tx-end');
    head(COLUMN.needed, 'need', 'tx-end');
    head(COLUMN.outcome, 'outcome');
    if (steps.some(({ visit }) => visit.stack)) head(stackAt, 'stack, top last');
    const pages = pagesPath(explanation.range);
    const id = `tx-${hash(pages)}`;
    const line = element('rect', { class: 'tx-line', y: 3.5, width: STRIP, height: 1 });
    const strip = [line, element('path', { class: 'tx-pages', d: pages })];
    this.#parts.push(element('defs', {}, element('g', { id }, strip)));
    for (const step of steps) {
      this.#parts.push(stepRow(step, explanation, this.#y, stackAt, id));
      this.#y += ROW;
    }
    this.space();
  }

  document(width: number, title: string, description: readonly string[]): string {
    const height = this.#y + MARGIN;
    const content = [
      element('title', {}, title),
      element('desc', {}, onLines(description)),
      element('style', {}, trusted(STYLE + RANGE_STYLE)),
      element('rect', { class: 'tx-page', width, height }),
      element('g', { class: 'tx' }, onLines(this.#parts)),
    ];
    const attributes = {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${Math.ceil(height)}`,
      role: 'img',
    };
    return html`${element('svg', { ...attributes, width, height: Math.ceil(height) }, onLines(content))}\n`
      .text;
  }
}

function stepRow(
  step: Step,
  { range, policy }: Explanation,
  y: number,
  stackAt: number,
  stripId: string,
): Markup {
  const { visit } = step;
  const base = y + ROW - 6;
  const { text, tone } = stepOutcome(step, policy);
  const { enabled, occupied, needed, stack } = visit;
  const chips = (stack ?? []).map((window, i) => {
    const x = stackAt + i * STACKED;
    const box = element('rect', {
      class: 'tx-chip',
      x,
      y: y + 2.5,
      width: STACKED - 4,
      height: ROW - 5,
      rx: 2,
    });
    return [box, textAt(x + (STACKED - 4) / 2, base, windowName(window), 'tx-middle')];
  });
  return element('g', {}, [
    textAt(COLUMN.number, base, stepNumber(step), 'tx-quiet tx-end'),
    textAt(COLUMN.window, base, visitName(visit), 'tx-strong'),
    textAt(COLUMN.size, base, formatOrder(visit.order, range.geometry), 'tx-end'),
    element('use', { href: `#${stripId}`, x: COLUMN.strip, y: y + 6 }),
    windowMark(step, range, y),
    enabled && textAt(COLUMN.pages, base, String(occupied), 'tx-end'),
    enabled && textAt(COLUMN.needed, base, String(needed), 'tx-end'),
    textAt(COLUMN.outcome, base, text, `tx-${tone}`),
    chips,
    stack?.length === 0 && textAt(stackAt, base, 'empty', 'tx-quiet'),
  ]);
}

/**
 * The window as a box over the pages: filled if it collapses, crossed if the attempt failed, dashed if not
 * enabled.
 */
function windowMark({ visit }: Step, range: RangeState, y: number): Markup {
  const { pmdOrder } = range.geometry;
  const scale = STRIP / pagesPerRange(range.geometry);
  const x = COLUMN.strip + visit.offset * scale;
  const width = Math.max(1.5, scale * (1 << visit.order));
  const box = { x, y: y + 2.5, width, height: ROW - 5, rx: 1.5 };
  if (visit.result === 'SCAN_SUCCEED') {
    return element('rect', { ...box, class: 'tx-window', fill: cssColor(orderColor(visit.order, pmdOrder)) });
  }
  const kind = !visit.enabled ? ' tx-off' : visit.result === undefined ? '' : ' tx-failed';
  const outline = element('rect', { ...box, class: `tx-window tx-hollow${kind}` });
  if (visit.result === undefined) return outline;
  const middle = x + width / 2;
  const half = Math.min(width / 2, 5);
  const cross = `M${middle - half} ${y + 5}l${2 * half} 10m${-2 * half} 0l${2 * half} -10`;
  return html`${outline}${element('path', { class: 'tx-window tx-hollow tx-failed', d: cross })}`;
}

function stepLine(step: Step, { policy, range }: Explanation): string {
  const { visit } = step;
  const count = visit.enabled ? `, ${visit.occupied} pages, ${visit.needed} needed` : '';
  const stack = visit.stack ? `; stack ${visit.stack.map(windowName).join(' ') || 'empty'}` : '';
  const size = formatOrder(visit.order, range.geometry);
  return `${stepNumber(step)}: ${visitName(visit)}, ${size}${count}: ${stepOutcome(step, policy).text}${stack}`;
}

function onLines(parts: readonly Part[]): Part {
  return html`\n${parts.map((part) => html`${part}\n`)}`;
}

/** All present pages in one row. */
function pagesPath(range: RangeState): string {
  const columns = pagesPerRange(range.geometry);
  const present = [...pteLayers(range)].flatMap(([kind, pages]) => (typeof kind === 'number' ? pages : []));
  return cellsPath(
    present.sort((a, b) => a - b),
    { columns, width: STRIP / columns, height: ROW - 12, gap: 0 },
  );
}

/** A name for content (FNV-1a), so that pictures in one document do not take each other's parts. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return (value >>> 0).toString(16);
}

const STYLE = `
.tx{font:12px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#1a1d21;white-space:pre}
.tx-page{fill:#fff}
.tx-quiet{fill:#59616b}
.tx-strong{font-weight:700}
.tx-good{fill:#17693a}
.tx-bad{fill:#b3261e}
.tx-end{text-anchor:end}
.tx-middle{text-anchor:middle}
.tx-window{stroke:#1a1d21;stroke-width:1.4}
.tx-hollow{fill:none}
.tx-off{stroke:#59616b;stroke-dasharray:3 2}
.tx-failed{stroke:#b3261e}
.tx-chip{fill:none;stroke:#9aa4af}
.tx-line{fill:#c3c9d0}
@media(prefers-color-scheme:dark){
.tx{fill:#e6e8eb}
.tx-page{fill:#14171a}
.tx-quiet{fill:#9aa4af}
.tx-good{fill:#7fd8a0}
.tx-bad{fill:#ff9b90}
.tx-window{stroke:#e6e8eb}
.tx-off{stroke:#9aa4af}
.tx-failed{stroke:#ff9b90}
.tx-chip{stroke:#59616b}
.tx-line{fill:#474f59}
}`;
