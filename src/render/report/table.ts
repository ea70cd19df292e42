import { formatSize } from '../../core/memory/format-size.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { html, type Markup, type Part } from '../words/markup.ts';

/**
 * A table or chart that scrolls within the page where it is too wide. The label is for those who do not see
 * it.
 */
export function scrollable(label: string, content: Part): Markup {
  return html`<div class="wide" tabindex="0" role="group" aria-label="${label}">${content}</div>`;
}

/** A size in a table: "64K", or "0" without a unit. */
export function sizeCell(pages: number, geometry: Geometry): string {
  return pages === 0 ? '0' : formatSize(pages, geometry);
}

/** Growth in a table: "+64K", or "0". */
export function growthCell(pages: number, geometry: Geometry): string {
  return pages === 0 ? '0' : `+${formatSize(pages, geometry)}`;
}
