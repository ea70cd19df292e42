import type { ListedProcesses } from '../../analysis/prediction/process-list.ts';
import { grouped } from '../../core/base/plural.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import type { Geometry } from '../../core/memory/geometry.ts';

/** What processes that a list leaves out come to, in a line; undefined where there are none. */
export function othersLine(
  { count, figures }: ListedProcesses<unknown>['others'],
  geometry: Geometry,
): string | undefined {
  if (count === 0) return undefined;
  const { residentPages, hugeNow, hugeThen, growthPages } = figures;
  const size = (pages: number) => formatSize(pages, geometry);
  return `and ${grouped(count)} more: ${size(residentPages)} of memory, ${size(hugeNow)} of it huge now and ${size(hugeThen)} then, growth ${size(growthPages)}`;
}
