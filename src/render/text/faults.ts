import type { FaultStep, FollowedHistory } from '../../analysis/fault-steps.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { grouped, plural } from '../../core/base/plural.ts';
import { runList } from '../../core/base/run-list.ts';
import type { FaultVisit } from '../../core/fault/fault.ts';
import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import { asOffset, asOrder, formatOrder, formatOrders } from '../../core/memory/order.ts';
import { windowStart } from '../../core/memory/page-span.ts';
import type { Style } from './style.ts';
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
  if (drawn) lines.push('', ...legend(drawn).map((line) => style.dim(`  ${line}`)));
  lines.push('', ...resultLines(followed, style));
  return `${lines.join('\n')}\n`;
}

function heading({ vma, policy, pages }: FollowedHistory, style: Style): string[] {
  const { geometry } = pages;
  const count = plural(vma.end - vma.start, 'page');
  return [
    `${style.bold(`VMA of pages ${vma.start} to ${vma.end - 1}`)}, ${count} of ${formatBytes(pageBytes(geometry))}, counted from a PMD border`,
    `page faults may use orders ${formatOrders(policy.orders)}; huge zero page ${policy.hugeZeroPage ? 'on' : 'off'}`,
  ];
}

function stepLines(
  step: FaultStep,
  { vma, pages }: FollowedHistory,
  style: Style,
  everyStep: boolean,
): string[] {
  const { geometry } = pages;
  const title = `${step.act.kind === 'dontneed' ? 'MADV_DONTNEED' : step.act.kind} ${pagesOf(step)}`;
  const head = `${style.bold(title)}  ${resultWords(step, geometry)}`;
  const single = step.act.end === step.act.first + 1;
  if (step.visits.length === 0 || !(single || everyStep)) return [head];
  return [head, ...step.visits.map((visit) => visitLine(visit, step, vma, geometry, style))];
}

/** The touched pages. */
function pagesOf({ page, pages }: FaultStep): string {
  return pages === 1 ? `${page}` : `${page}-${page + pages - 1}`;
}

function resultWords({ result, pages }: FaultStep, geometry: Geometry): string {
  if (result === undefined) return pages === 1 ? 'the page is given back' : 'the pages are given back';
  switch (result.kind) {
    case 'mapped':
      return pages === 1 ? 'is mapped already' : 'are mapped already';
    case 'zero-page':
      return pages === 1 ? 'gets the zero page' : 'get the zero page each';
    case 'huge-zero-page':
      return `gets the huge zero page, pages ${result.first} to ${result.first + 2 ** geometry.pmdOrder - 1}; nothing is resident`;
    case 'folio':
      return result.order === 0
        ? `${pages === 1 ? 'gets a small page' : 'get a small page each'}`
        : `gets a folio of ${formatOrder(result.order, geometry)}: pages ${result.first} to ${result.first + 2 ** result.order - 1} are filled`;
  }
}

function visitLine(
  visit: FaultVisit,
  step: FaultStep,
  vma: FollowedHistory['vma'],
  geometry: Geometry,
  style: Style,
): string {
  const { first, order } = visit;
  const offset = first - windowStart(first, geometry.pmdOrder);
  const picture =
    visit.refusal === 'not-enabled'
      ? ' '.repeat((1 << PICTURE_ORDER) + 2)
      : drawWindow(step.before, { offset: asOffset(offset), order: asOrder(order) });
  const name = `${first}:${order}`.padStart(9);
  const reason = refusalWords(visit, vma, step);
  const line = `${name}  ${formatOrder(order, geometry).padStart(5)}  ${picture}  `;
  return line + (visit.refusal === undefined ? style.good(reason) : style.dim(reason));
}

function refusalWords(
  { refusal, occupied }: FaultVisit,
  vma: FollowedHistory['vma'],
  step: FaultStep,
): string {
  switch (refusal) {
    case undefined:
      return step.result?.kind === 'huge-zero-page' ? 'no page table yet: the huge zero page' : 'taken';
    case 'not-enabled':
      return 'not enabled';
    case 'outside-vma':
      return `not all inside the VMA, pages ${vma.start} to ${vma.end - 1}`;
    case 'page-table':
      return 'the PMD range has a page table already';
    case 'not-empty':
      return `page ${occupied} is in use`;
  }
}

function resultLines({ pages, writtenPages }: FollowedHistory, style: Style): string[] {
  const { geometry, present, zero } = pages;
  const bytes = (count: number) => formatBytes(count * pageBytes(geometry));
  const folios = pages.folios().map((folio) => {
    const missing = pages.missingOf(folio);
    const rest = missing.length > 0 ? ` without ${runList(missing.map((page) => folio.first + page))}` : '';
    return `${folio.first}:${folio.order} (${formatOrder(folio.order, geometry)}${rest})`;
  });
  const filled = present - writtenPages;
  return [
    `${style.bold('result')}  ${plural(folios.length, 'folio')}${folios.length > 0 ? `: ${folios.join(' ')}` : ''}`,
    `        ${plural(present, 'page')} resident (${bytes(present)}): ${grouped(writtenPages)} written, ${grouped(filled)} filled by page faults (${bytes(filled)})` +
      (zero > 0 ? `; ${plural(zero, 'page')} of the zero page` : ''),
  ];
}
