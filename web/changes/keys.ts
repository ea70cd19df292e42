import { CANVAS_KEYS } from '../map/keys.ts';
import type { KeyList } from '../shell/key-list.ts';
import { CHANGE_LAYER_NAMES, CHANGE_LAYERS } from './change-layers.ts';

/** What keys do on the map of changes. */
export const CHANGES_KEYS: KeyList = [
  ...CANVAS_KEYS,
  ...CHANGE_LAYERS.map((layer, i) => [String(i + 1), CHANGE_LAYER_NAMES[layer]] as const),
];
