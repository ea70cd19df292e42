import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { failure, memory, opening } from '../memory/open-memory.ts';
import { DropZone } from '../start/drop-zone.tsx';
import { connected, paused, watched } from '../start/live.ts';
import { onlyOne } from '../start/sources.ts';
import { link, type View } from '../state/link.ts';
import { followFocus } from './arrival.ts';
import { Header } from './header.tsx';

/** Views are loaded when they are looked at. */
const VIEWS: Record<View, () => Promise<ComponentType>> = {
  start: async () => (await import('../start/start-view.tsx')).StartView,
  map: async () => (await import('../map/map-view.tsx')).MapView,
  tradeoff: async () => (await import('../tradeoff/tradeoff-view.tsx')).TradeoffView,
  changes: async () => (await import('../changes/changes-view.tsx')).ChangesView,
  steps: async () => (await import('../steps/steps-view.tsx')).StepsView,
  timeline: async () => (await import('../timeline/timeline-view.tsx')).TimelineView,
};

export function App() {
  const { view } = link.value;
  return (
    <DropZone>
      <Header />
      <Messages />
      <main id="main" class={`view view-${view}`}>
        <LazyView key={view} view={view} />
      </main>
    </DropZone>
  );
}

function LazyView({ view }: { readonly view: View }) {
  const [loaded, setLoaded] = useState<{ Component: ComponentType } | undefined>();
  useEffect(() => {
    let wanted = true;
    void VIEWS[view]().then(
      (Component) => {
        if (wanted) setLoaded({ Component });
      },
      ({ message }: Error) => {
        failure.value = { kind: 'unreadable', message: `${message}; is the server still running?` };
      },
    );
    return () => {
      wanted = false;
    };
  }, [view]);
  useEffect(() => {
    if (loaded) followFocus(view);
  }, [loaded, view]);
  return loaded ? <loaded.Component /> : <p class="loading">…</p>;
}

/** What went wrong, what could not be seen, and what is going on, for ears as well as eyes. */
function Messages() {
  const open = memory.value;
  const percent = open ? Math.floor((100 * open.rows) / Math.max(1, open.mostRows)) : 0;
  return (
    <>
      <div role="alert">
        {failure.value && <p class="failure">{failure.value.message}</p>}
        {watched.value?.gone !== undefined && (
          <p class="failure">{watched.value.gone}: this is the last reading</p>
        )}
        {watched.value && watched.value.gone === undefined && !paused.value && !connected.value && (
          <p class="failure">
            the server does not answer: start thpscope serve again; its address will be new
          </p>
        )}
      </div>
      <div role="status">
        {opening.value !== undefined && (
          <p class="progress">
            reading {opening.value}
            {open && !open.complete ? `: ${percent}%` : '…'}
          </p>
        )}
        {onlyOne.value !== undefined && (
          <p class="progress">of so many files one can be open: this is {onlyOne.value}</p>
        )}
      </div>
    </>
  );
}
