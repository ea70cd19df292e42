import { signal } from '@preact/signals';

const query = window.matchMedia('(prefers-color-scheme: dark)');

/** Whether the page is dark. */
export const dark = signal(query.matches);
query.addEventListener('change', ({ matches }) => {
  dark.value = matches;
});
