import { options } from 'preact';

/** Half a frame: longer, and what a click changes is seen late. */
const MOST_MS = 8;

let awaited: Promise<unknown> | undefined;

options.debounceRendering = (draw) => queueMicrotask(() => void (awaited ? awaited.then(draw) : draw()));

/**
 * Has components drawn with an answer that is about to come, if it comes soon: drawn at once, they take the
 * frame in which it would have been there.
 */
export function drawWith(answer: Promise<unknown>): void {
  const late = new Promise((resolve) => setTimeout(resolve, MOST_MS));
  const since = Promise.race([answer, late]).then(forget, forget);
  awaited = since;
  function forget(): void {
    if (awaited === since) awaited = undefined;
  }
}
