import type { Markup, Part } from '../words/markup.ts';
import { element } from './svg.ts';

/**
 * A picture with a title for those who do not see it. Sizes are in its own units; the page decides how large
 * it is, and a stretched one takes any shape.
 */
export function svgImage(
  title: string,
  className: string,
  [width, height]: readonly [number, number],
  parts: Part,
  stretched = false,
): Markup {
  const attributes = {
    role: 'img',
    class: className,
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: stretched ? 'none' : undefined,
  };
  return element('svg', attributes, [element('title', {}, title), parts]);
}

/**
 * Cells of one by one unit, so many to a row, as a path for each class: cells of a class that follow each
 * other are one line. Classes decide colour and thickness; cells without a class stay empty.
 */
export function cellPaths(classes: readonly (string | undefined)[], columns: number): Markup[] {
  const lines = new Map<string, string>();
  for (let cell = 0; cell < classes.length; ) {
    const name = classes[cell];
    const rowEnd = Math.min(classes.length, (Math.floor(cell / columns) + 1) * columns);
    let end = cell + 1;
    while (end < rowEnd && classes[end] === name) end++;
    if (name !== undefined) {
      const at = `M${cell % columns} ${Math.floor(cell / columns)}.5h${end - cell}`;
      lines.set(name, (lines.get(name) ?? '') + at);
    }
    cell = end;
  }
  return [...lines].map(([name, d]) => element('path', { class: name, d }));
}

/** Thin lines between the columns of cells, so that neighbours of one colour can be told apart. */
export function columnLines(columns: number, rows: number): Markup {
  let d = '';
  for (let column = 1; column < columns; column++) d += `M${column} 0v${rows}`;
  return element('path', { class: 'between', d });
}

/** A sample of a class for a legend; the text beside it says what it is. */
export function swatch(className: string): Markup {
  const attributes = { class: 'swatch', viewBox: '0 0 2 1', 'aria-hidden': 'true', focusable: 'false' };
  return element('svg', attributes, element('path', { class: className, d: 'M0 .5h2' }));
}
