import { computed } from '@preact/signals';
import { dark } from '../../state/theme.ts';
import type { PageColors } from './uplot-options.ts';

/** The colours of the page: canvases know no custom properties. */
export const pageColors = computed<PageColors>(() => {
  // The style sheet decides what the colours are; they change with the theme.
  void dark.value;
  return readColors();
});

function readColors(): PageColors {
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
