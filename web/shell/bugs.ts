import { failure } from '../memory/open-memory.ts';

/** Shows unexpected errors on the page: after a rejection that nobody handles it would wait for ever. */
export function followBugs(): void {
  window.addEventListener('unhandledrejection', ({ reason }) => say(reason));
  window.addEventListener('error', ({ error }) => say(error));
}

function say(error: unknown): void {
  // Browsers also report what is no error in this way, such as observers that are late.
  if (!(error instanceof Error)) return;
  failure.value = {
    kind: 'unsupported',
    message: `a bug of thpscope: ${error.message}; reload the page to go on`,
  };
}
