import { cssColor, FILLED, SMALL_PAGE } from '../../../src/render/svg/palette.ts';
import type { RowSums } from './row-sums.ts';

/** What something uses now, and by what it grows; the thin bar below: how large a restart may leave it. */
export function GrowthBar({ sums, most }: { readonly sums: RowSums; readonly most: number }) {
  const { residentPages, growthPages, restartGrowthPages } = sums;
  const width = (pages: number) => ({ width: `${(100 * Math.max(0, pages)) / Math.max(1, most)}%` });
  return (
    <span class="growth-bar" aria-hidden="true">
      <span>
        <span style={{ ...width(residentPages), background: cssColor(SMALL_PAGE) }} />
        {growthPages > 0 && (
          <span class="growth-part" style={{ ...width(growthPages), background: cssColor(FILLED) }} />
        )}
      </span>
      <span class="growth-restart">
        <span style={{ ...width(residentPages), background: cssColor(SMALL_PAGE) }} />
        {restartGrowthPages > 0 && (
          <span class="growth-part" style={{ ...width(restartGrowthPages), background: cssColor(FILLED) }} />
        )}
      </span>
    </span>
  );
}

/** What the bars say. */
export function BarLegend() {
  return (
    <ul class="legend" aria-label="Bars">
      <li>
        <span class="swatch" style={{ background: cssColor(SMALL_PAGE) }} />
        in use now
      </li>
      <li>
        <span class="swatch" style={{ background: cssColor(FILLED) }} />
        growth by khugepaged; thin: by page faults after a restart, at most
      </li>
    </ul>
  );
}

/** The longest bar of some: what it is drawn by. */
export function longestBar(all: readonly RowSums[]): number {
  return all.reduce(
    (most, { residentPages, growthPages, restartGrowthPages }) =>
      Math.max(most, residentPages + growthPages, residentPages + restartGrowthPages),
    1,
  );
}
