import { computed, signal } from '@preact/signals';
import type { PageColors } from './uplot-options.ts';

/** Whether the page is dark; changes with the system's setting. */
export const isDark = signal(false);

const query = matchMedia('(prefers-color-scheme: dark)');
isDark.value = query.matches;
query.addEventListener('change', () => (isDark.value = query.matches));

/** The colours of the page: canvases know no custom properties. */
export const pageColors = computed<PageColors>(() => readColors(isDark.value));

function readColors(_isDark: boolean): PageColors {
  const probe = document.createElement('span');
  document.body.append(probe);
  const color = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colors = {
    page: color('page'),
    text: color('text'),
    quiet: color('quiet'),
    line: color('line'),
    accent: color('accent'),
    bad: color('bad'),
  };
  probe.remove();
  return colors;
}
