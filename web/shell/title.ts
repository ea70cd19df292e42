import { effect } from '@preact/signals';
import { memory } from '../memory/open-memory.ts';
import { link } from '../state/link.ts';
import { VIEW_NAMES } from './view-names.ts';

/** Names the tab of the browser: the view, and the memory that it is about. */
export function followTitle(): void {
  effect(() => {
    const { view, params } = link.value;
    const isOfMemory =
      view === 'map' ||
      view === 'tradeoff' ||
      view === 'changes' ||
      (view === 'steps' && params.from !== undefined) ||
      (view === 'timeline' && params.scenario === 'memory');
    const name = isOfMemory ? memory.value?.name : undefined;
    document.title =
      view === 'start'
        ? 'thpscope'
        : `${VIEW_NAMES[view]}${name === undefined ? '' : ` of ${name}`} - thpscope`;
  });
}
