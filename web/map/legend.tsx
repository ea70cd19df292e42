import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import { cssColor } from '../../src/render/svg/palette.ts';
import { memory } from '../memory/open-memory.ts';
import { dark } from '../state/theme.ts';
import { legendOf } from './layers.ts';
import { layer } from './map-state.ts';

export function Legend() {
  const geometry = memory.value?.host.geometry;
  if (!geometry) return null;
  return (
    <ul class="legend" aria-label="Legend">
      {legendOf(layer.value, geometry.pmdOrder, dark.value).map(({ name, color, order }) => (
        <li key={`${name}${order}`}>
          <span class="swatch" style={{ background: cssColor(color) }} />
          {order === undefined ? name : formatOrder(asOrder(order), geometry)}
        </li>
      ))}
      <li>
        <span class="swatch-bar" />a VMA begins
      </li>
    </ul>
  );
}
