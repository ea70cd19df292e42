import type { KeyList } from '../shell/key-list.ts';

export const TRADEOFF_KEYS: KeyList = [
  ['← → on the chart', 'from policy to policy along the front'],
  ['Page Up, Page Down', 'ten policies on'],
  ['Home End', 'to the first and the last policy'],
  ['Enter', 'take the policy'],
];
