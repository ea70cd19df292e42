import { wrap } from '../../../render/text/layout/wrap.ts';
import { EXIT_MEANINGS } from '../exit-code.ts';
import type { CommandPage, FlagPage } from './command-page.ts';

/** What --help prints where nothing says how wide the terminal is, and at most, in columns. */
const WIDTHS = { usual: 80, most: 100 };

const EXIT_PAGES: readonly FlagPage[] = EXIT_MEANINGS.map(([code, meaning]) => ({
  words: String(code),
  brief: meaning,
}));

/** Columns that help may take, of a terminal with so many; undefined where it is none. */
export function helpWidth(columns: number | undefined): number {
  return Math.max(40, Math.min(columns ?? WIDTHS.usual, WIDTHS.most));
}

/**
 * What --help prints of a command: no line is longer than `width`, but for words that are.
 */
export function helpText(page: CommandPage, width: number): string {
  const { name, usage, about, examples, flags, args, pages = [] } = page;
  const common = [{ words: '-h, --help', brief: 'Print this and exit' }];
  return [
    ...section(
      'USAGE',
      usage.flatMap((line) => usageLines(`${name} ${line}`, width)),
    ),
    ...wrap(about.join(' '), width),
    '',
    ...section(
      examples.length === 1 ? 'EXAMPLE' : 'EXAMPLES',
      examples.flatMap((line) => commandLines(line, width)),
    ),
    ...section('FLAGS', listed([...flags, ...common], width)),
    ...(args.length === 0 ? [] : section('ARGUMENTS', listed(args, width))),
    ...section('EXIT CODES', listed(EXIT_PAGES, width)),
    ...wrap(
      `More: ${[...pages.map((each) => `docs/${each}`), `man ${name.replaceAll(' ', '-')}`].join(', ')}`,
      width,
    ),
    '',
  ].join('\n');
}

/** What --help prints of the program, or of commands with a name of their own before them. */
export function commandsHelpText(
  group: {
    readonly name: string;
    readonly about: string;
    readonly examples: readonly string[];
    readonly isProgram: boolean;
  },
  commands: readonly { readonly name: string; readonly brief: string }[],
  width: number,
): string {
  return [
    ...section('USAGE', [`  ${group.name} COMMAND [FLAGS] ...`, `  ${group.name} COMMAND --help`]),
    ...wrap(group.about, width),
    '',
    ...section(
      'EXAMPLES',
      group.examples.flatMap((line) => commandLines(line, width)),
    ),
    ...section(
      'COMMANDS',
      listed(
        commands.map(({ name, brief }) => ({ words: name, brief })),
        width,
      ),
    ),
    ...section(
      'FLAGS',
      listed(
        [
          { words: '-h, --help', brief: 'Print this and exit' },
          ...(group.isProgram ? [{ words: '-v, --version', brief: 'Print the version and exit' }] : []),
        ],
        width,
      ),
    ).slice(0, -1),
    '',
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return [title, ...lines, ''];
}

/** A line broken between words, two columns from the left, the others below it four further. */
export function usageLines(line: string, width: number): string[] {
  const unbroken = line.replaceAll(/\[[^\][]{0,40}\]|\B--?[a-z-]+ [A-Z]+/g, together);
  return wrap(unbroken, width - 6).map((part, i) => `${i === 0 ? '  ' : '      '}${apart(part)}`);
}

/** Words that stay in one line. */
function together(words: string): string {
  return words.replaceAll(' ', '\0');
}

function apart(words: string): string {
  return words.replaceAll('\0', ' ');
}

/** A command line as a shell takes it, broken by a backslash, not within quotes. */
export function commandLines(line: string, width: number): string[] {
  const unbroken = line.replaceAll(/"[^"]*"|'[^']*'/g, (quoted) => quoted.replaceAll(' ', '\0'));
  const parts = (line.length + 2 <= width ? [line] : wrap(unbroken, width - 8)).map((part) =>
    part.replaceAll('\0', ' '),
  );
  return parts.map((part, i) => `${i === 0 ? '  ' : '      '}${part}${i < parts.length - 1 ? ' \\' : ''}`);
}

/** Words with what they mean beside them, or below them where they are long or the terminal narrow. */
function listed(pages: readonly FlagPage[], width: number): string[] {
  const longest = Math.max(...pages.map(({ words }) => words.length));
  const column = Math.min(longest, Math.floor(width * 0.34)) + 4;
  return pages.flatMap(({ words, brief }) => {
    const lines = wrap(brief, width - column).map((line) => `${' '.repeat(column)}${line}`);
    if (words.length + 4 > column) return [`  ${words}`, ...lines];
    return [`  ${words.padEnd(column - 2)}${lines[0].trimStart()}`, ...lines.slice(1)];
  });
}
