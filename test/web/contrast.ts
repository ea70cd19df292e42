import { readFileSync } from 'node:fs';
import type { PageColors } from '../../web/timeline/charts/uplot-options.ts';

/** The colours of the page in a scheme, as its style sheet has them. */
export function readPageColors(scheme: 'light' | 'dark'): PageColors {
  const color = (name: string) => readColor('web/style.css', name, scheme);
  return {
    page: color('page'),
    text: color('text'),
    quiet: color('quiet'),
    line: color('line'),
    accent: color('accent'),
    bad: color('bad'),
  };
}

/** A colour of a style sheet in a scheme, by the name of its property. */
export function readColor(path: string, name: string, scheme: 'light' | 'dark'): string {
  const found = new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(readFileSync(path, 'utf8'));
  if (!found) throw new Error(`${path} has no --${name}`);
  return found[scheme === 'light' ? 1 : 2];
}

/** The contrast of two colours, `#rgb`, `#rrggbb` or `rgb(r g b)`, as WCAG 2 has it: 1 to 21. */
export function contrastOf(a: string, b: string): number {
  const [dark, light] = [luminanceOf(a), luminanceOf(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** How far two colours are from each other to the eye, in OKLab: 1 from black to white; 0.02 is just seen. */
export function distanceOf(a: string, b: string): number {
  const [one, other] = [oklab(a), oklab(b)];
  return Math.hypot(...one.map((value, i) => value - other[i]));
}

function oklab(color: string): number[] {
  const [red, green, blue] = lightOf(color);
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function luminanceOf(color: string): number {
  const [red, green, blue] = lightOf(color);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function lightOf(color: string): number[] {
  return channelsOf(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
}

function channelsOf(color: string): number[] {
  if (color.startsWith('rgb')) return color.match(/\d+/g)!.map(Number);
  const digits = color.replace(/^#(\w)(\w)(\w)$/, '#$1$1$2$2$3$3').slice(1);
  return [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16));
}
