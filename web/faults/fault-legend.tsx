import { formatOrder, ordersOf } from '../../src/core/memory/order.ts';
import { cssColor, orderColor } from '../../src/render/svg/palette.ts';
import { marksOf } from '../../src/render/words/explain/pte-marks.ts';
import type { FaultPicture } from './fault-picture.ts';
import { faultsView } from './faults-signals.ts';

/** What colours, shapes and letters of the picture mean. */
export function FaultLegend({
  picture,
  givesBack,
}: {
  readonly picture: FaultPicture;
  readonly givesBack: boolean;
}) {
  const { geometry, policy } = faultsView.value;
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <svg viewBox="0 0 10 10" aria-hidden="true">
          <rect class="pte-touched" x="1.5" y="1.5" width="7" height="7" />
        </svg>
        touched
      </li>
      <li>
        <svg viewBox="0 0 10 10" aria-hidden="true">
          <rect class="window-now" x="1" y="1" width="8" height="8" />
        </svg>
        the window that this fills
      </li>
      <li>
        <svg viewBox="0 0 10 10" aria-hidden="true">
          <rect class="legend-solid" width="10" height="10" rx="1.5" />
          <circle class="legend-filled" cx="5" cy="5" r="2" />
        </svg>
        filled, not written
      </li>
      <li>
        <svg viewBox="0 0 10 10" aria-hidden="true">
          <rect class="pte-in-the-way" x="1" y="1" width="8" height="8" />
        </svg>
        in the way
      </li>
      {givesBack && (
        <li>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <path class="window-failed" d="M1 1h8v8h-8zl8 8m-8 0l8 -8" />
          </svg>
          given back
        </li>
      )}
      {picture.outside.size > 0 && (
        <li>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <path class="pte-outside" d="M2 8l6 -6" />
          </svg>
          outside the VMA
        </li>
      )}
      {ordersOf(policy.orders).map((order) => (
        <li key={order}>
          <span class="swatch" style={{ background: cssColor(orderColor(order, geometry.pmdOrder)) }} />
          {formatOrder(order, geometry)}
        </li>
      ))}
      {marksOf(picture.range).map(({ mark, meaning }) => (
        <li key={mark}>
          <b class="mono">{mark}</b> {meaning}
        </li>
      ))}
    </ul>
  );
}
