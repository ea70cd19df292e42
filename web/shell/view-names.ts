import type { View } from '../state/link.ts';

/** What the tabs are called. */
export const VIEW_NAMES: Readonly<Record<View, string>> = {
  start: 'Start',
  map: 'Map',
  tradeoff: 'Trade-off',
  changes: 'Changes',
  steps: 'Steps',
  timeline: 'Timeline',
};
