import { memory } from '../memory/open-memory.ts';
import { LiveStatus } from '../start/live-status.tsx';
import { serverSources, visit } from '../start/sources.ts';
import { formatLink, go, link, linkTo, type View } from '../state/link.ts';
import { HelpDialog } from './help-dialog.tsx';
import { Tools } from './tools.tsx';
import { VIEW_NAMES } from './view-names.ts';
import './header.css';

const TABS: readonly { readonly view: View; readonly needsMemory: boolean }[] = [
  { view: 'start', needsMemory: false },
  { view: 'map', needsMemory: true },
  { view: 'tradeoff', needsMemory: true },
  { view: 'changes', needsMemory: true },
  { view: 'steps', needsMemory: false },
  { view: 'timeline', needsMemory: false },
];

export function Header() {
  const { view } = link.value;
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
            href={formatLink(linkTo(tab.view))}
            aria-current={tab.view === view ? 'page' : undefined}
            class={tab.needsMemory && !memory.value ? 'tab tab-idle' : 'tab'}
            onClick={(event) => {
              event.preventDefault();
              go(tab.view);
            }}
          >
            {VIEW_NAMES[tab.view]}
          </a>
        ))}
      </nav>
      <HelpDialog />
      <Tools />
      <SourceName />
      <LiveStatus />
    </header>
  );
}

/** What is open; where the server has more, a switch to them. */
function SourceName() {
  const { view, params } = link.value;
  const sources = serverSources.value;
  const name = memory.value?.name;
  const served = sources.some(({ id }) => params.source === `server:${id}`);
  const about = served ? 'Links to it work on this machine only, while the server runs' : undefined;
  if (sources.length < 2)
    return name === undefined ? null : (
      <span class="source-name" title={about}>
        {name}
      </span>
    );
  return (
    <span class="source-name">
      <select
        aria-label="Source"
        title={about}
        value={served ? params.source : ''}
        onChange={({ currentTarget }) =>
          visit(currentTarget.value, view === 'tradeoff' || view === 'changes' ? view : 'map')
        }
      >
        {!served && <option value="">{name ?? 'choose a source…'}</option>}
        {sources.map((source) => (
          <option key={source.id} value={`server:${source.id}`}>
            {source.name}
          </option>
        ))}
      </select>
    </span>
  );
}

/** The address after the # is ours, so a link to an element would be taken for a view. */
function skipToMain(event: Event): void {
  event.preventDefault();
  const main = document.getElementById('main');
  main?.setAttribute('tabindex', '-1');
  main?.focus();
}
