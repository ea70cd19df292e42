import type { KeyList } from '../shell/key-list.ts';

export const MAP_KEYS: KeyList = [
  ['arrows', 'go from range to range'],
  ['W A S D', 'move the map, as Shift + arrows do'],
  ['+ −', 'zoom in and out'],
  ['0 or F', 'show all'],
  ['1 to 6', 'change what the colours say'],
  ['[ ]', 'go from process to process'],
  ['/', 'find'],
  ['C', 'bring the range into sight'],
  ['Enter', 'step through the range'],
  ['Escape', 'choose no range'],
];
