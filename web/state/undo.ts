import { computed, signal } from '@preact/signals';
import { go, link, setParams, type View } from './link.ts';

/** Parameters as they were before a change; undefined is one that the link did not say. */
interface Before {
  /** The view whose own parameters were changed; undefined is the policy, which all views have. */
  readonly view: View | undefined;
  readonly params: Readonly<Record<string, string | undefined>>;
}

const MOST = 200;

/** What was changed, and what was taken back of that, the last on top. */
const done = signal<readonly Before[]>([]);
const undone = signal<readonly Before[]>([]);

/** Changes of another view are undone there, where they are seen. */
function topOf(stack: readonly Before[]): number {
  return stack.findLastIndex(({ view }) => view === undefined || view === link.value.view);
}

export const canUndo = computed(() => topOf(done.value) >= 0);
export const canRedo = computed(() => topOf(undone.value) >= 0);

/** Notes that the parameters named are about to change: those of a view, or without one the policy's. */
export function remember(names: readonly string[], view?: View): void {
  done.value = [...done.value.slice(1 - MOST), { view, params: paramsNow(names) }];
  undone.value = [];
}

/** Takes the last change back. */
export function undo(): void {
  move(done, undone);
}

/** Makes the change again that was taken back last. */
export function redo(): void {
  move(undone, done);
}

function move(from: typeof done, to: typeof done): void {
  const before = pass(from, to, topOf(from.value));
  if (!before) return;
  if (before.view) setParams(before.params);
  else go(link.value.view, before.params);
}

/** Moves an entry to the other stack, where it becomes what there is now. */
function pass(from: typeof done, to: typeof done, at: number): Before | undefined {
  const before = from.value[at];
  if (!before) return undefined;
  to.value = [...to.value, { view: before.view, params: paramsNow(Object.keys(before.params)) }];
  from.value = from.value.toSpliced(at, 1);
  return before;
}

function paramsNow(names: readonly string[], params = link.peek().params): Before['params'] {
  return Object.fromEntries(names.map((name) => [name, params[name]]));
}

/** Keeps undo in step with the browser's own way back: going back over a change of policy undoes it. */
export function followWayBack(): void {
  let before = link.peek().params;
  let now = before;
  link.subscribe(({ params }) => {
    before = now;
    now = params;
  });
  window.addEventListener('hashchange', () => {
    for (const [from, to] of [
      [done, undone],
      [undone, done],
    ] as const) {
      const at = from.value.findLastIndex(({ view }) => view === undefined);
      const entry = from.value[at];
      if (!entry || !Object.entries(entry.params).every(([name, value]) => now[name] === value)) continue;
      to.value = [...to.value, { view: undefined, params: paramsNow(Object.keys(entry.params), before) }];
      from.value = from.value.toSpliced(at, 1);
      return;
    }
  });
}
