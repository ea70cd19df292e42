import { formatSize } from '../../src/core/memory/format-size.ts';
import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import { cssColor, type Rgb, SMALL_PAGE } from '../../src/render/svg/palette.ts';
import { CHANGE_WORDS } from '../../src/render/words/diff-words.ts';
import { legendOf } from '../map/picture/layers.ts';
import { setParams } from '../state/link.ts';
import { dark } from '../state/theme.ts';
import { CHANGE_COLORS, CHANGE_LAYERS, type ChangeLayer, FORETOLD_COLORS } from './change-layers.ts';
import {
  FORETOLD_TITLES,
  FORETOLD_WORDS,
  foretoldPages,
  HAPPENED,
  HAPPENED_TITLES,
  happenedPages,
} from './change-words.ts';
import { changeLayer, comparedReadings, foretold, only } from './changes-state.ts';
import type { ForetoldKind } from './changes-worker-protocol.ts';

/**
 * What colours mean, and how much there is of each; a press has that alone stand out. Those of all layers lie
 * on top of each other, so that none is higher than another.
 */
export function ChangeLegend() {
  return (
    <div class="map-legends">
      {CHANGE_LAYERS.map((layer) => (
        <ul
          key={layer}
          class={
            layer === changeLayer.value ? 'legend change-legend' : 'legend change-legend map-legend-idle'
          }
          aria-label="Legend"
          aria-hidden={layer !== changeLayer.value}
        >
          <Entries layer={layer} />
          <li>
            <span class="swatch-bar" />a VMA begins
          </li>
        </ul>
      ))}
    </div>
  );
}

function Entries({ layer }: { readonly layer: ChangeLayer }) {
  const both = comparedReadings.value;
  if (!both) return null;
  const { geometry, total } = both.difference.memory;
  const said = foretold.value;
  if (layer === 'changes')
    return (
      <>
        {HAPPENED.filter((kind) => kind !== 'unseen' || total.unseen > 0).map((kind) => (
          <Entry
            key={kind}
            kind={kind}
            name={CHANGE_WORDS[kind]}
            title={HAPPENED_TITLES[kind]}
            color={CHANGE_COLORS[kind]}
            size={formatSize(happenedPages(total, kind), geometry)}
          />
        ))}
        <Still name="as before" />
      </>
    );
  if (layer === 'foretold')
    return (
      <>
        {(Object.keys(FORETOLD_WORDS) as Exclude<ForetoldKind, 'none'>[]).map((kind) => (
          <Entry
            key={kind}
            kind={kind}
            name={FORETOLD_WORDS[kind]}
            title={FORETOLD_TITLES[kind]}
            color={FORETOLD_COLORS[kind]}
            size={said ? formatSize(foretoldPages(said.total, kind), geometry) : '…'}
          />
        ))}
        <Still name="nothing was predicted" />
      </>
    );
  return legendOf('before', geometry.pmdOrder, dark.value).map(({ name, color, order }) => (
    <li key={`${name}${order}`}>
      <span class="swatch" style={{ background: cssColor(color) }} />
      {order === undefined ? name : formatOrder(asOrder(order), geometry)}
    </li>
  ));
}

function Still({ name }: { readonly name: string }) {
  return (
    <li>
      <span class="swatch" style={{ background: cssColor(SMALL_PAGE) }} />
      {name}
    </li>
  );
}

interface EntryProps {
  readonly kind: string;
  readonly name: string;
  readonly title: string;
  readonly color: Rgb;
  readonly size: string;
}

function Entry({ kind, name, title, color, size }: EntryProps) {
  const isOnly = only.value === kind;
  return (
    <li>
      <button
        type="button"
        class="change-entry"
        title={title}
        aria-pressed={isOnly}
        disabled={size === '0B'}
        onClick={() => setParams({ only: isOnly ? undefined : kind })}
      >
        <span class="swatch" style={{ background: cssColor(color) }} />
        {name} <strong>{size}</strong>
      </button>
    </li>
  );
}
