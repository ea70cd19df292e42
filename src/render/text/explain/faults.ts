import type { FaultStep, FollowedHistory } from '../../../analysis/prediction/fault-steps.ts';
import type { FaultVisit } from '../../../core/fault/fault.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { asOffset, asOrder, formatOrder } from '../../../core/memory/order.ts';
import { windowStart } from '../../../core/memory/page-span.ts';
import {
  actWords,
  faultFoliosWords,
  faultPolicyWords,
  faultResidentWords,
  faultResultWords,
  faultVisitWords,
  faultWindowName,
  vmaPagesWords,
  vmaWords,
} from '../../words/explain/fault-words.ts';
import type { Style } from '../layout/style.ts';
import { drawWindow, legend, PICTURE_ORDER } from './window-picture.ts';

/**
 * A history of page faults as a person reads it: each touch, the windows that it considered from the PMD
 * order down with a picture of each, and what it got. Windows are written PAGE:ORDER. Of an act on many pages
 * only the results are shown, unless `everyStep`.
 */
export function faultsText(followed: FollowedHistory, style: Style, everyStep: boolean): string {
  const { steps } = followed;
  const lines = [...heading(followed, style), ''];
  for (const [i, step] of steps.entries()) {
    // The rest of a folio that the same act has brought says nothing new.
    const follows = step.result?.kind === 'mapped' && steps[i - 1]?.act === step.act;
    if (everyStep || !follows) lines.push(...stepLines(step, followed, style, everyStep));
  }
  const drawn = steps.at(-1)?.before;
  if (drawn) {
    const pictures = steps.flatMap((step) => (isExplained(step, everyStep) ? picturesOf(step) : []));
    lines.push('', ...legend(drawn, pictures).map((line) => style.dim(`  ${line}`)));
  }
  lines.push('', ...resultLines(followed, style));
  return `${lines.join('\n')}\n`;
}

function heading(followed: FollowedHistory, style: Style): string[] {
  const { vma, pages } = followed;
  return [`${style.bold(vmaWords(vma))}, ${vmaPagesWords(vma, pages.geometry)}`, faultPolicyWords(followed)];
}

function stepLines(
  step: FaultStep,
  { vma, pages }: FollowedHistory,
  style: Style,
  everyStep: boolean,
): string[] {
  const { geometry } = pages;
  const head = `${style.bold(actWords(step))}  ${faultResultWords(step, geometry)}`;
  if (!isExplained(step, everyStep)) return [head];
  return [head, ...step.visits.map((visit) => visitLine(visit, step, vma, geometry, style))];
}

/** Whether the windows that a step considered are shown. */
function isExplained({ act }: FaultStep, everyStep: boolean): boolean {
  return everyStep || act.end === act.first + 1;
}

/** The windows of a step that are drawn. */
function picturesOf({ visits, before }: FaultStep) {
  return visits
    .filter(({ refusal }) => refusal !== 'not-enabled')
    .map((visit) => ({ range: before, window: windowOf(visit, before.geometry) }));
}

function windowOf({ first, order }: FaultVisit, { pmdOrder }: Geometry) {
  return { offset: asOffset(first - windowStart(first, pmdOrder)), order: asOrder(order) };
}

function visitLine(
  visit: FaultVisit,
  step: FaultStep,
  vma: FollowedHistory['vma'],
  geometry: Geometry,
  style: Style,
): string {
  const { order } = visit;
  const picture =
    visit.refusal === 'not-enabled'
      ? ' '.repeat((1 << PICTURE_ORDER) + 2)
      : drawWindow(step.before, windowOf(visit, geometry));
  const name = faultWindowName(visit).padStart(9);
  const reason = faultVisitWords(visit, vma, step);
  const line = `${name}  ${formatOrder(order, geometry).padStart(5)}  ${picture}  `;
  return line + (visit.refusal === undefined ? style.good(reason) : style.dim(reason));
}

function resultLines(followed: FollowedHistory, style: Style): string[] {
  return [
    `${style.bold('result')}  ${faultFoliosWords(followed.pages)}`,
    `        ${faultResidentWords(followed)}`,
  ];
}
