import type { KeyList } from '../shell/key-list.ts';

export const STEPS_KEYS: KeyList = [
  ['← →', 'one row back and forth'],
  ['Home End', 'to the first and the last row'],
  ['space', 'play and pause'],
  ['arrows in a grid', 'go from PTE to PTE; with Shift they paint'],
  ['space in a grid', 'paint the PTE'],
];
