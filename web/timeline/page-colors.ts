import { signal } from '@preact/signals';
import type { PageColors } from './uplot-options.ts';

/** Whether the page is dark; changes with the system's setting. */
export const isDark = signal(false);

const query = matchMedia('(prefers-color-scheme: dark)');
isDark.value = query.matches;
query.addEventListener('change', () => (isDark.value = query.matches));

/** The colours of the page as they are now: canvases know no custom properties. */
export function pageColors(): PageColors {
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
