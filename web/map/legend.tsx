import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import { cssColor } from '../../src/render/svg/palette.ts';
import { memory } from '../memory/open-memory.ts';
import { dark } from '../state/theme.ts';
import { layer } from './map-state.ts';
import { LAYERS, legendOf } from './picture/layers.ts';

/** The legends of all layers lie on top of each other, so that none is higher than another. */
export function Legend() {
  const geometry = memory.value?.host.geometry;
  if (!geometry) return null;
  return (
    <div class="map-legends">
      {LAYERS.map((each) => (
        <ul
          key={each}
          class={each === layer.value ? 'legend' : 'legend map-legend-idle'}
          aria-label="Legend"
          aria-hidden={each !== layer.value}
        >
          {legendOf(each, geometry.pmdOrder, dark.value).map(({ name, color, order }) => (
            <li key={`${name}${order}`}>
              <span class="swatch" style={{ background: cssColor(color) }} />
              {order === undefined ? name : formatOrder(asOrder(order), geometry)}
            </li>
          ))}
          <li>
            <span class="swatch-bar" />a VMA begins
          </li>
        </ul>
      ))}
    </div>
  );
}
