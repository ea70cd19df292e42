import { withoutComments } from './c-definitions.ts';
import type { SourceLine } from './source-line.ts';

/** A line of a hunk without its mark. */
interface HunkLine extends SourceLine {
  readonly mark: '+' | '-' | ' ';
}

/** What a patch says of one place of a file. */
export interface Hunk {
  /** The file that is changed; undefined if the patch does not say. */
  readonly file: string | undefined;
  /** The line of the changed file at which it begins; undefined where the line is missing that says so. */
  readonly at: number | undefined;
  /** What git says that the place lies in: often the line at which a function begins. */
  readonly heading: string;
  /** How many lines the changed file has there, as the hunk says; undefined as `at`. */
  readonly stated: number | undefined;
  readonly lines: readonly HunkLine[];
}

const HEADER = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@ ?(.*)$/;

/** Whether there is a line with which a hunk begins. */
export function hasHunks(lines: readonly SourceLine[]): boolean {
  return lines.some(({ text }) => HEADER.test(text));
}

/**
 * The hunks of a patch. Lines that are marked as those of hunks, without the header of one, count as one too:
 * who answers a mail trims it.
 */
export function hunksOf(lines: readonly SourceLine[]): Hunk[] {
  const hunks: Hunk[] = [];
  let file: string | undefined;
  for (let i = 0; i < lines.length; ) {
    const { text } = lines[i];
    const named = /^\+\+\+ (?:b\/)?(\S+)/.exec(text);
    if (named) file = named[1];
    const header = HEADER.exec(text);
    if (!header && (named || !isMarked(text) || text === '' || text.startsWith('--- '))) {
      i++;
      continue;
    }
    const first = header ? i + 1 : i;
    let end = first;
    while (end < lines.length && isMarked(lines[end].text)) end++;
    i = Math.max(end, i + 1);
    while (end > first && lines[end - 1].text === '') end--;
    const [, at, count = '1', heading = ''] = header ?? [];
    hunks.push({
      file,
      at: header ? Number(at) : undefined,
      heading,
      stated: header ? Number(count) : undefined,
      lines: lines.slice(first, end).flatMap(hunkLine),
    });
  }
  return hunks;
}

/** Whether a line may be one of a hunk. `-- ` is the end of a mail. */
function isMarked(text: string): boolean {
  return (
    /^(?:[-+ \\]|$)/.test(text) && !/^-- ?$/.test(text) && !/^(?:---|\+\+\+) (?:[ab]\/|\/dev)/.test(text)
  );
}

/** A mailer may have taken the blank from an empty line; a backslash says that no newline follows. */
function hunkLine({ text, number }: SourceLine): HunkLine[] {
  if (text.startsWith('\\')) return [];
  const mark = text.startsWith('+') || text.startsWith('-') ? (text[0] as '+' | '-') : ' ';
  return [{ mark, text: text.slice(1), number }];
}

/** The first and last lines of each definition in a piece of a file, which may begin and end within one. */
export function wholeDefinitions(lines: readonly SourceLine[]): [first: number, last: number][] {
  const found: [number, number][] = [];
  let first: number | undefined;
  let depth = 0;
  const code = withoutComments(lines.map(({ text }) => text).join('\n')).split('\n');
  for (const [at, line] of code.entries()) {
    // Only definitions begin in the first column; their ends and labels do not count.
    if (first === undefined && !/^[A-Za-z_#]/.test(line)) continue;
    if (first === undefined && /^\w+:\s*$/.test(line)) continue;
    first ??= at;
    depth += line.split('{').length - line.split('}').length;
    const isDirective = code[first].startsWith('#');
    if (isDirective ? line.endsWith('\\') : depth > 0 || !/[;}]\s*$/.test(line)) continue;
    found.push([first, at]);
    [first, depth] = [undefined, 0];
  }
  return found;
}
