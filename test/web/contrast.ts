import { readFileSync } from 'node:fs';
import type { PageColors } from '../../web/timeline/uplot-options.ts';

/** The colours of the page in a scheme, as its style sheet has them. */
export function readPageColors(scheme: 'light' | 'dark'): PageColors {
  const css = readFileSync('web/style.css', 'utf8');
  const color = (name: string) => {
    const found = new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(css);
    if (!found) throw new Error(`web/style.css has no --${name}`);
    return found[scheme === 'light' ? 1 : 2];
  };
  return {
    page: color('page'),
    text: color('text'),
    quiet: color('quiet'),
    line: color('line'),
    accent: color('accent'),
    bad: color('bad'),
  };
}

/** The contrast of two colours, `#rgb`, `#rrggbb` or `rgb(r g b)`, as WCAG 2 has it: 1 to 21. */
export function contrastOf(a: string, b: string): number {
  const [dark, light] = [luminanceOf(a), luminanceOf(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminanceOf(color: string): number {
  const [red, green, blue] = channelsOf(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channelsOf(color: string): number[] {
  if (color.startsWith('rgb')) return color.match(/\d+/g)!.map(Number);
  const digits = color.replace(/^#(\w)(\w)(\w)$/, '#$1$1$2$2$3$3').slice(1);
  return [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16));
}
