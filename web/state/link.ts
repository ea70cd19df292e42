import { signal } from '@preact/signals';

const VIEWS = ['start', 'map', 'tradeoff', 'changes', 'steps', 'timeline'] as const;
export type View = (typeof VIEWS)[number];

/** What the address of the page says after its `#`: a view, and parameters that views understand. */
interface Link {
  readonly view: View;
  readonly params: Readonly<Record<string, string>>;
}

/** `#map?none=0&orders=2-9`; an unknown view is the start page. */
function parseLink(hash: string): Link {
  const [name, query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const view = VIEWS.find((each) => each === name) ?? 'start';
  return { view, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a link; parameters stand in alphabetical order, so that equal states have equal links. */
export function formatLink({ view, params }: Link): string {
  const query = new URLSearchParams(Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%40', '@');
  return text === '' ? `#${view}` : `#${view}?${text}`;
}

/** Where we are. The address bar follows, and going back in the browser goes back here. */
export const link = signal<Link>(parseLink(location.hash));

/**
 * Parameters that mean the same to every view: what is open, and the policy. All others belong to one view.
 */
export const POLICY_PARAMS = [
  'always',
  'madvise',
  'none',
  'swap',
  'shared',
  'kernel',
  'enabled',
  'shmem',
  'shmemsize',
];
const SHARED = ['source', ...POLICY_PARAMS];

/** The parameters of its own that a view had when it was left. */
const whenLeft = new Map<View, Link['params']>();

/** Where a view is to be found: what is shared stays, and the view is as it was left. */
export function linkTo(view: View): Link {
  const { params } = link.value;
  if (view === link.value.view) return { view, params };
  return { view, params: { ...whenLeft.get(view), ...split(params).shared } };
}

/**
 * Goes to another view, as a step that the browser can go back from. Parameters that are undefined are
 * dropped.
 */
export function go(view: View, params: Record<string, string | undefined> = {}): void {
  const to = linkTo(view);
  if (view !== link.value.view) whenLeft.set(link.value.view, split(link.value.params).own);
  move({ view, params: changed(to.params, params) }, 'push');
}

function split(params: Link['params']): { readonly shared: Link['params']; readonly own: Link['params'] } {
  const pick = (shared: boolean) =>
    Object.fromEntries(Object.entries(params).filter(([name]) => SHARED.includes(name) === shared));
  return { shared: pick(true), own: pick(false) };
}

/** Changes parameters of the view; the address is replaced, so that moving a slider leaves no trail. */
export function setParams(params: Record<string, string | undefined>): void {
  move({ view: link.value.view, params: changed(link.value.params, params) }, 'replace');
}

export function followLinks(): void {
  window.addEventListener('hashchange', () => {
    forgetPending();
    link.value = parseLink(location.hash);
  });
}

function move(to: Link, how: 'push' | 'replace'): void {
  const hash = formatLink(to);
  if (hash === formatLink(link.value)) return;
  if (how === 'push') {
    // Going back leads to what was there last, also if the address does not say it yet.
    if (pending !== undefined) history.replaceState(null, '', formatLink(link.value));
    forgetPending();
    history.pushState(null, '', hash);
  } else replaceSoon(hash);
  link.value = to;
}

let pending: number | undefined;
/** Browsers refuse more than some hundred changes of the address in half a minute. */
function replaceSoon(hash: string): void {
  forgetPending();
  const from = location.hash;
  pending = window.setTimeout(() => {
    pending = undefined;
    // Whoever has typed another address meanwhile is to get there, also if we have not heard of it yet.
    if (location.hash === from) history.replaceState(null, '', hash);
  }, 150);
}

function forgetPending(): void {
  clearTimeout(pending);
  pending = undefined;
}

function changed(
  params: Readonly<Record<string, string>>,
  changes: Record<string, string | undefined>,
): Record<string, string> {
  const all = { ...params, ...changes };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
