/** A line of a C file or a mail, and which line of the file it is, counted from 1. */
export interface SourceLine {
  readonly text: string;
  readonly number: number;
}

/**
 * A text in which a compiler finds every line under its number: blank lines where some are left out, and
 * `#line` where numbers go back. A line that a backslash continues is followed by the next one at once.
 */
export function numberedText(lines: readonly SourceLine[]): string {
  const written: string[] = [];
  let next = 1;
  for (const { text, number } of lines) {
    if (!written.at(-1)?.endsWith('\\')) {
      for (; next < number; next++) written.push('');
      if (next > number) written.push(`#line ${number}`);
      next = number;
    }
    written.push(text);
    next++;
  }
  return written.join('\n');
}
