/** A cell of a table; numbers line up on the right. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/**
 * Lays rows out in columns two spaces apart; cells are plain text, styled afterwards by the caller if at all.
 */
export function layOutTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (columns[i].align === 'left' ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}
