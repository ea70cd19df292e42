import { computed, effect, signal } from '@preact/signals';
import { remembered } from './remembered.ts';

const query = window.matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(query.matches);
query.addEventListener('change', ({ matches }) => {
  systemIsDark.value = matches;
});

export const THEMES = ['system', 'light', 'dark'] as const;
/** The colours that are wanted. */
export const theme = remembered('theme', THEMES, 'system');

/** Whether the page is dark. */
export const dark = computed(() => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark'));

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
