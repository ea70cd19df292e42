import type { KeyList } from '../shell/key-list.ts';

export const TIMELINE_KEYS: KeyList = [
  ['← → on the slider', 'one moment back and forth'],
  ['Home End on the slider', 'to the first and the last moment'],
  ['space on the slider', 'play and pause'],
  ['arrows on the map', 'go from range to range'],
];
