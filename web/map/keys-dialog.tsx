import { LAYER_NAMES, LAYERS } from './layers.ts';
import { KEYS_DIALOG } from './open-keys.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['arrows', 'move the selection'],
  ['Enter', 'step through the selected range'],
  ['> <', 'mark one more range after it, one less; Shift and dragging do, too'],
  ['Escape', 'let go what is selected'],
  ['[ ]', 'the process before, the next'],
  ['/', 'find; Enter again goes to the next'],
  ['+ −', 'zoom in, out'],
  ['c', 'zoom to the selected range'],
  ['0 f', 'all of the map'],
  ['w a s d', 'pan; Shift and arrows do, too'],
  ...LAYERS.map((layer, i) => [String(i + 1), LAYER_NAMES[layer]] as const),
];

/** What keys do, wherever no field has the focus. */
export function KeysDialog() {
  return (
    <dialog id={KEYS_DIALOG} class="words" aria-labelledby="map-keys-title">
      <div class="words-body">
        <div class="words-head">
          <h2 id="map-keys-title">Keys</h2>
          <form method="dialog">
            <button type="submit" class="button">
              Close
            </button>
          </form>
        </div>
        <dl class="map-key-list">
          {KEYS.map(([keys, does]) => (
            <div key={keys}>
              <dt class="mono">{keys}</dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </div>
    </dialog>
  );
}
