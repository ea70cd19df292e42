import { formatOrder, ordersOf } from '../../../src/core/memory/order.ts';
import { cssColor, orderColor } from '../../../src/render/svg/palette.ts';
import { marksOf } from '../../../src/render/words/explain/pte-marks.ts';
import { alignment, state } from '../steps-signals.ts';

/** What colours, shapes and letters of the pictures mean. */
export function RangeLegend() {
  const { range } = state.value;
  const { geometry } = range;
  const orders = ordersOf(alignment.value.left.policy.orders);
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <svg viewBox="0 0 10 10" aria-hidden="true">
          <rect class="window-now" x="1" y="1" width="8" height="8" />
        </svg>
        the window now
      </li>
      <li>
        <svg viewBox="0 0 10 10" aria-hidden="true">
          <path class="window-failed" d="M1 1h8v8h-8zl8 8m-8 0l8 -8" />
        </svg>
        attempt failed
      </li>
      <li>
        <svg viewBox="0 0 10 10" aria-hidden="true">
          <rect class="legend-solid" width="10" height="10" rx="1.5" />
          <circle class="legend-filled" cx="5" cy="5" r="2" />
        </svg>
        collapsed, filled
      </li>
      {orders.map((order) => (
        <li key={order}>
          <span class="swatch" style={{ background: cssColor(orderColor(order, geometry.pmdOrder)) }} />
          {formatOrder(order, geometry)}
        </li>
      ))}
      {marksOf(range).map(({ mark, meaning }) => (
        <li key={mark}>
          <b class="mono">{mark}</b> {meaning}
        </li>
      ))}
    </ul>
  );
}
