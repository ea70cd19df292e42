import { escaped, html, type Markup, type Part, trusted } from '../words/markup.ts';

/** An element; attributes that are undefined are left out. Names are thpscope's own. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content?: Part,
): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? rounded(value) : escaped(value ?? '')}"`);
  const tag = trusted(name + written.join(''));
  return content === undefined ? html`<${tag}/>` : html`<${tag}>${content}</${trusted(name)}>`;
}

/** A number with at most two digits behind the point. */
function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A line of text whose baseline begins, or by class ends or is centred, at a place. */
export function textAt(x: number, y: number, text: string, kind?: string): Markup {
  return element('text', { x, y, class: kind }, text);
}
