import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { thpscopeCommands } from '../../src/cli/app.ts';
import { commandPages } from '../../src/cli/shared/help/command-page.ts';
import { markdownPages } from '../support/markdown-pages.ts';
import { thpscope, words } from '../support/thpscope.ts';

const commands = commandPages('thpscope', thpscopeCommands(undefined));
const flagsOf = new Map(
  commands.map(({ name, flags }) => [
    name,
    new Set([
      ...flags.flatMap(({ words: typed }) => typed.match(/--?[a-zA-Z][a-z-]*/g) ?? []),
      '--help',
      '-h',
    ]),
  ]),
);

/** The command lines of thpscope in a text, lines that a backslash joins as one. */
function commandLinesIn(text: string): string[] {
  const joined = text.replaceAll(/\\\n\s*/g, '');
  return [...joined.matchAll(/(?<!-n )\bthpscope ((?:[a-z]+)(?: [^\n|;&`#]*)?)/g)].map(([, line]) =>
    line.trim(),
  );
}

/** What is wrong with the words of a command line: no such command, or no such flag. */
function wrongWords(line: string): string[] {
  const [first, second] = line.split(' ');
  const name = [`thpscope ${first} ${second}`, `thpscope ${first}`].find((each) => flagsOf.has(each));
  if (name === undefined) return [`thpscope ${line}: no such command`];
  // What is in quotes or named by the shell is no flag of ours, nor what a program within $( ) is given.
  const own = line.replaceAll(/"[^"]*"|'[^']*'|\$\([^)]*\)/g, 'X');
  return (own.match(/(?<=\s)--?[a-zA-Z][a-z-]*/g) ?? [])
    .filter((flag) => !flagsOf.get(name)?.has(flag))
    .map((flag) => `thpscope ${line}: ${name} has no ${flag}`);
}

test('every command that a page shows is one, with flags that it has', () => {
  const wrong = markdownPages()
    .filter((page) => page !== 'CHANGELOG.md')
    .flatMap((page) => {
      const text = readFileSync(page, 'utf8');
      const shown = [...text.matchAll(/^```(?:sh)?\n([\s\S]*?)^```$/gm), ...text.matchAll(/`([^`\n]*)`/g)];
      return shown
        .flatMap(([, part]) => commandLinesIn(part))
        .filter((line) => flagsOf.has(`thpscope ${line.split(' ')[0]}`) || line.includes(' -'))
        .flatMap(wrongWords)
        .map((each) => `${page}: ${each}`);
    });
  expect(wrong).toEqual([]);
});

test('so is every example of --help', () => {
  const lines = commands.flatMap(({ examples }) => examples.flatMap(commandLinesIn));
  expect(lines.length).toBeGreaterThan(60);
  expect(lines.flatMap(wrongWords)).toEqual([]);
});

/** Examples that ask only about what comes with thpscope: no process, and no file of the reader. */
const OWN = commands
  .flatMap(({ examples }) => examples)
  .filter(
    (line) =>
      /examples\/|--pattern|simulate go-heap/.test(line) &&
      !/[|&>$]|my-walk|\.c\b|-o |serve|generate/.test(line),
  );

test.each(OWN)('the example %s does what it says', async (line) => {
  const { stderr, stdout, code } = await thpscope(words(line).slice(1));
  // Exit code 1 says that two algorithms differ, which an example may show.
  expect([0, 1], stderr).toContain(code);
  expect(stdout).not.toBe('');
});

test('docs/reference is what commands, schemas and models say of themselves', () => {
  execFileSync(process.execPath, ['scripts/reference.mjs', '--check'], { encoding: 'utf8' });
});
