import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { failure } from '../memory/open-memory.ts';
import type { Shown } from './map-state.ts';

/** Lists are loaded when they are looked at: the first load is that of the map. */
const LISTS: Record<Exclude<Shown, 'map'>, () => Promise<ComponentType>> = {
  processes: async () => (await import('./process-overview.tsx')).ProcessOverview,
  vmas: async () => (await import('./vma-table.tsx')).VmaTable,
};

export function LazyList({ list }: { readonly list: Exclude<Shown, 'map'> }) {
  const [loaded, setLoaded] = useState<{ Component: ComponentType } | undefined>();
  useEffect(() => {
    void LISTS[list]().then(
      (Component) => setLoaded({ Component }),
      ({ message }: Error) => {
        failure.value = { kind: 'unreadable', message: `${message}; is the server still running?` };
      },
    );
  }, [list]);
  return loaded ? <loaded.Component /> : <p class="loading">…</p>;
}
