import type { KeyList } from '../shell/key-list.ts';
import { LAYER_NAMES, LAYERS } from './picture/layers.ts';

/** What keys do on any map, wherever no field has the focus. */
export const CANVAS_KEYS: KeyList = [
  ['arrows', 'move the selection'],
  ['> <', 'mark one more range after it, one less; Shift and dragging do, too'],
  ['Escape', 'let go what is selected'],
  ['[ ]', 'the process before, the next'],
  ['/', 'find; Enter again goes to the next'],
  ['+ −', 'zoom in, out'],
  ['C', 'zoom to the selected range'],
  ['0 or F', 'all of the map'],
  ['W A S D', 'pan; Shift and arrows do, too'],
];

/** What they do on the map of the open memory. */
export const MAP_KEYS: KeyList = [
  ...CANVAS_KEYS,
  ['Enter', 'step through the selected range'],
  ...LAYERS.map((layer, i) => [String(i + 1), LAYER_NAMES[layer]] as const),
];
