import { batch, computed, effect, signal } from '@preact/signals';
import { wrap } from 'comlink';
import type { CachePrediction } from '../../src/analysis/cache/cache-prediction.ts';
import { failure, memory } from '../memory/open-memory.ts';
import { choice } from '../policy/judgement.ts';
import { go, link } from '../state/link.ts';
import { oneAtATime } from '../state/one-at-a-time.ts';
import { remember } from '../state/undo.ts';
import CacheWorkerScript from './cache.worker.ts?worker&inline';
import { type CacheChoice, cacheChoiceFrom, paramsOfCacheChoice } from './cache-choice.ts';
import type { CacheWorker } from './cache-worker-protocol.ts';

/** The settings that govern files and shared memory: those of the link, else of the open memory. */
export const cacheChoice = computed<CacheChoice | undefined>(
  () => memory.value && cacheChoiceFrom(link.value.params, memory.value.host),
);

/** Those of the machine that the open memory was read on. */
export const recordedCacheChoice = computed<CacheChoice | undefined>(
  () => memory.value && cacheChoiceFrom({}, memory.value.host),
);

/** Changes them, as a step that can be undone and that the browser can go back from. */
export function chooseCache(changes: Partial<CacheChoice>): void {
  if (!cacheChoice.value) return;
  const params = paramsOfCacheChoice({ ...cacheChoice.value, ...changes });
  remember(Object.keys(params));
  go(link.value.view, params);
}

/** What settings do to the page cache; of a moment ago while a new answer is awaited. */
export const pageCache = signal<CachePrediction | undefined>(undefined);
/** Whether an answer is awaited. */
export const askingCache = signal(false);

let isFollowing = false;

/** Reads the open memory's page cache, and asks whenever the settings or the memory change. */
export function followCache(): void {
  if (isFollowing) return;
  isFollowing = true;
  const worker = startWorker();
  /** What the worker holds. */
  let held: unknown;
  const ask = oneAtATime(async () => {
    const open = memory.peek();
    const settings = cacheChoice.peek();
    if (!open?.complete || !settings) {
      if (!open) pageCache.value = undefined;
      return;
    }
    const reading = `${open.name} ${open.host.time}`;
    if (held !== reading) {
      const read = await worker.open(open.source, open.name);
      if (read && !read.ok) failure.value = read.failure;
      held = reading;
    }
    const answer = await worker.predict(choice.peek(), settings);
    batch(() => {
      pageCache.value = answer;
      askingCache.value = false;
    });
  });
  let last = '';
  let lastName: string | undefined;
  effect(() => {
    const { name, host, complete } = memory.value ?? {};
    // What is known of other memory says nothing of this.
    if (name !== lastName) pageCache.value = undefined;
    lastName = name;
    const now = JSON.stringify([choice.value, cacheChoice.value, name, host?.time, complete]);
    if (now === last) return;
    last = now;
    askingCache.value = name !== undefined;
    void ask();
  });
}

function startWorker() {
  const script = new CacheWorkerScript();
  script.addEventListener('error', ({ message }) => {
    failure.value = {
      kind: 'unsupported',
      message: `the worker that reads the page cache failed: ${message}`,
    };
  });
  return wrap<CacheWorker>(script);
}
