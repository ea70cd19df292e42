/** What starts a command line that is printed to be pasted into a shell. */
const SHELL = /^\s+(echo|printf|mkdir|rm|systemctl|thpscope|npx|sudo|# )/;
const STYLE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/**
 * A text for people in lines of at most `width` columns, broken between words. What follows is indented as
 * the value that it belongs to; lines for a shell are broken as a shell takes them. A word stays whole,
 * however long.
 */
export function foldLines(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => (columnsOf(line) <= width ? [line] : folded(line, width)))
    .join('\n');
}

/** Columns that a line takes, without what makes its colours. */
function columnsOf(line: string): number {
  return line.replaceAll(STYLE, '').length;
}

function folded(line: string, width: number): string[] {
  const end = SHELL.test(line) && !line.includes("'") ? ' \\' : '';
  const indent = ' '.repeat(end ? indentOf(line) + 4 : valueColumn(line, width * 0.6));
  const lines: string[] = [];
  let current = '';
  // Spaces stay with the word before which they stand: columns of a table keep their places.
  for (const word of line.match(/\s*\S+/g) ?? []) {
    if (current.trim() !== '' && columnsOf(current + word) + end.length > width) {
      lines.push(current + end);
      current = indent + word.trimStart();
    } else current += word;
  }
  return [...lines, current];
}

function indentOf(line: string): number {
  return columnsOf(line) - columnsOf(line.trimStart());
}

/** Where the last column begins that does so by `most`: after two spaces; else two more than the indent. */
function valueColumn(line: string, most: number): number {
  const plain = line.replaceAll(STYLE, '');
  let column = indentOf(plain) + 2;
  for (const { index, 0: gap } of plain.matchAll(/(?<=\S) {2,}(?=\S)/g))
    if (index + gap.length <= most) column = index + gap.length;
  return column;
}
