import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { appWords } from '../../src/render/words/glossary.ts';
import { CHANGES_KEYS } from '../changes/keys.ts';
import { MAP_KEYS } from '../map/keys.ts';
import { memory } from '../memory/open-memory.ts';
import { link, type View } from '../state/link.ts';
import { STEPS_KEYS } from '../steps/keys.ts';
import { TIMELINE_KEYS } from '../timeline/keys.ts';
import { TRADEOFF_KEYS } from '../tradeoff/keys.ts';
import type { KeyList } from './key-list.ts';
import { VIEW_NAMES } from './view-names.ts';

const KEYS: Readonly<Record<View, KeyList>> = {
  start: [],
  map: MAP_KEYS,
  tradeoff: TRADEOFF_KEYS,
  changes: CHANGES_KEYS,
  steps: STEPS_KEYS,
  timeline: TIMELINE_KEYS,
};

/** Keys of all views: see shortcuts.ts. */
const EVERYWHERE: KeyList = [
  ['Ctrl + Z', 'undo a change of the policy, or of what Steps shows'],
  ['Ctrl + Shift + Z', 'make it again'],
  ['?', 'this list'],
];

/** The keys of the view, and what the words of the app mean. */
export function Help() {
  const { view } = link.value;
  const geometry = memory.value?.host.geometry ?? geometryOfPmdOrder(9);
  return (
    <>
      <table class="keys">
        <caption>{view === 'start' ? 'Keys' : `Keys of ${VIEW_NAMES[view]}`}</caption>
        <tbody>
          {[...KEYS[view], ...EVERYWHERE].map(([keys, does]) => (
            <tr key={keys}>
              <th scope="row">{keys}</th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>Words</h3>
      <dl>
        {appWords(geometry).map(([word, meaning]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
