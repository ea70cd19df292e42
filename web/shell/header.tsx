import { memory } from '../memory/open-memory.ts';
import { LiveStatus } from '../start/live-status.tsx';
import { formatLink, go, link, type View } from '../state/link.ts';

const TABS: readonly { readonly view: View; readonly label: string; readonly needsMemory: boolean }[] = [
  { view: 'start', label: 'Open', needsMemory: false },
  { view: 'map', label: 'Map', needsMemory: true },
  { view: 'tradeoff', label: 'Trade-off', needsMemory: true },
  { view: 'steps', label: 'Steps', needsMemory: false },
  { view: 'timeline', label: 'Timeline', needsMemory: false },
];

export function Header() {
  const { view, params } = link.value;
  return (
    <header class="header">
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to content
      </a>
      <span class="brand">thpscope</span>
      <nav aria-label="Views">
        {TABS.map((tab) => (
          <a
            key={tab.view}
            href={formatLink({ view: tab.view, params })}
            aria-current={tab.view === view ? 'page' : undefined}
            class={tab.needsMemory && !memory.value ? 'tab tab-idle' : 'tab'}
            onClick={(event) => {
              event.preventDefault();
              go(tab.view);
            }}
          >
            {tab.label}
          </a>
        ))}
      </nav>
      {memory.value && <span class="source-name">{memory.value.name}</span>}
      <LiveStatus />
    </header>
  );
}

/** The address after the # is ours, so a link to an element would be taken for a view. */
function skipToMain(event: Event): void {
  event.preventDefault();
  const main = document.getElementById('main');
  main?.setAttribute('tabindex', '-1');
  main?.focus();
}
