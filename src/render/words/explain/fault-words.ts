import type { FaultStep, FollowedHistory } from '../../../analysis/prediction/fault-steps.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { runList } from '../../../core/base/run-list.ts';
import type { FaultVisit } from '../../../core/fault/fault.ts';
import type { MappedFolio, VmaPages } from '../../../core/fault/vma-pages.ts';
import { type Geometry, pageBytes } from '../../../core/memory/geometry.ts';
import { formatOrder, formatOrders } from '../../../core/memory/order.ts';
import type { PageSpan } from '../../../core/memory/page-span.ts';

/** The pages of a VMA. */
export function vmaWords({ start, end }: PageSpan): string {
  return `VMA of pages ${start} to ${end - 1}`;
}

/** How many pages a VMA has, and from where they are counted. */
export function vmaPagesWords({ start, end }: PageSpan, geometry: Geometry): string {
  return `${plural(end - start, 'page')} of ${formatBytes(pageBytes(geometry))}, counted from a PMD border`;
}

/** Which orders page faults may use, and what they may read. */
export function faultPolicyWords({ policy }: Pick<FollowedHistory, 'policy'>): string {
  const { orders, hugeZeroPage } = policy;
  return `page faults may use orders ${formatOrders(orders)}; huge zero page ${hugeZeroPage ? 'on' : 'off'}`;
}

/** `write 37`, `MADV_DONTNEED 0-511`: what is done to which pages. */
export function actWords({ act, page, pages }: FaultStep): string {
  const kind = act.kind === 'dontneed' ? 'MADV_DONTNEED' : act.kind;
  return `${kind} ${pages === 1 ? page : `${page}-${page + pages - 1}`}`;
}

/** What the touched pages get. */
export function faultResultWords({ result, pages }: FaultStep, geometry: Geometry): string {
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

/** Why a page fault does not take a window, or what it takes it for. */
export function faultVisitWords({ refusal, occupied }: FaultVisit, vma: PageSpan, step: FaultStep): string {
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

/** A window of the VMA as PAGE:ORDER. */
export function faultWindowName({ first, order }: Pick<FaultVisit, 'first' | 'order'>): string {
  return `${first}:${order}`;
}

/** The folios that a history leaves: `2 folios: 32:5 (128K) 96:2 (16K without 98)`. */
export function faultFoliosWords(pages: VmaPages): string {
  const folios = pages.folios().map((folio) => folioWords(folio, pages));
  return `${plural(folios.length, 'folio')}${folios.length > 0 ? `: ${folios.join(' ')}` : ''}`;
}

function folioWords(folio: MappedFolio, pages: VmaPages): string {
  const missing = pages.missingOf(folio);
  const rest = missing.length > 0 ? ` without ${runList(missing.map((page) => folio.first + page))}` : '';
  return `${faultWindowName(folio)} (${formatOrder(folio.order, pages.geometry)}${rest})`;
}

/** What a history leaves resident, and how much of that page faults filled without being asked. */
export function faultResidentWords({ pages, writtenPages }: FollowedHistory): string {
  const { geometry, present, zero } = pages;
  const bytes = (count: number) => formatBytes(count * pageBytes(geometry));
  const filled = present - writtenPages;
  return (
    `${plural(present, 'page')} resident (${bytes(present)}): ${grouped(writtenPages)} written, ${grouped(filled)} filled by page faults (${bytes(filled)})` +
    (zero > 0 ? `; ${plural(zero, 'page')} of the zero page` : '')
  );
}
