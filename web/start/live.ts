import { computed, effect, signal } from '@preact/signals';
import { opening, refreshMemory } from '../memory/open-memory.ts';
import { link } from '../state/link.ts';
import { readServerSources, serverSources, sourceAddress } from './sources.ts';

/** The live source that is on the screen. */
export const watched = computed(() =>
  serverSources.value.find(({ id, live }) => live && link.value.params.source === `server:${id}`),
);
/** Whether the user holds what is on the screen. */
export const paused = signal(false);
/** Whether the server answers; it stops reading while nobody listens. */
export const connected = signal(true);

/** Keeps a live source on the screen as it is now, unless paused or out of sight. */
export function followLive(): void {
  const visible = signal(!document.hidden);
  document.addEventListener('visibilitychange', () => {
    visible.value = !document.hidden;
  });
  const id = computed(() => (paused.value || !visible.value ? undefined : watched.value?.id));
  const outdated = signal(false);
  const refreshing = signal(false);
  effect(() => {
    outdated.value = false;
    if (id.value === undefined) return;
    return listen(id.value, () => {
      outdated.value = true;
    });
  });
  effect(() => {
    const source = watched.value;
    // What is being read is read to its end, however fast the news come.
    if (!outdated.value || !source || opening.value !== undefined || refreshing.value) return;
    outdated.value = false;
    refreshing.value = true;
    void refreshMemory(sourceAddress(source.id), source.name).finally(() => {
      refreshing.value = false;
    });
  });
}

function listen(id: string, onChanged: () => void): () => void {
  const events = new EventSource(new URL(`events?source=${id}`, location.href));
  events.addEventListener('open', () => {
    connected.value = true;
  });
  events.addEventListener('error', () => {
    connected.value = false;
  });
  events.addEventListener('changed', () => {
    if (watched.peek()?.gone !== undefined) void readServerSources();
    onChanged();
  });
  events.addEventListener('gone', () => void readServerSources());
  return () => events.close();
}
