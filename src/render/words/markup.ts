import { printable } from './printable.ts';

/** Text of a page that is markup already. Only `html` and `trusted` make it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * What a template takes: texts and numbers, which it escapes, markup, lists of these; undefined and false are
 * nothing.
 */
export type Part = string | number | Markup | undefined | false | readonly Part[];

/** A template tag for HTML and SVG: whatever is put into it is escaped, unless it is markup itself. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, next, i) => text + textOf(parts[i - 1]) + next));
}

/**
 * Markup that is not escaped: for texts of thpscope itself, such as its style sheet, never for what was read.
 */
export function trusted(text: string): Markup {
  return new Markup(text);
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A text as it may stand in an element or a quoted attribute, in XML, too: control characters come out as
 * \xNN, what XML has no characters for as U+FFFD.
 */
export function escaped(text: string): string {
  return printable(text)
    .replace(/[&<>"']/g, (character) => ENTITIES[character])
    .replace(/[\ufffe\uffff]/g, '\ufffd');
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(textOf).join('');
  return escaped(String(part));
}
