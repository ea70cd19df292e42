import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { markdownPages } from '../support/markdown-pages.ts';
import { thpscope, words } from '../support/thpscope.ts';

/** Pages whose blocks have tests of their own. */
const ELSEWHERE = ['docs/thread.md', 'docs/fleet.md', 'docs/simulate.md'];

/** A command and what it prints, as a page shows it: a line of … stands for lines that are left out. */
interface Block {
  readonly page: string;
  readonly line: string;
  readonly shown: string;
  /** Why it is not run here, when and how it was made; undefined where it is run. */
  readonly notRun: string | undefined;
}

const BLOCKS: readonly Block[] = markdownPages()
  .filter((page) => !ELSEWHERE.includes(page))
  .flatMap((page) =>
    [
      ...readFileSync(page, 'utf8').matchAll(
        /(?:^<!-- not run: (.*?) -->\n+)?^```\w*\n\$ (.*)\n([\s\S]*?)^```$/gm,
      ),
    ].map(([, notRun, line, shown]) => ({ page, line, shown, notRun })),
  );
/** Pages whose other blocks are drawings or file names; test/package.test.ts runs library.md. */
const OTHER_TEXT = ['docs/architecture.md', 'docs/fleet.md', 'docs/library.md'];

const RUN = BLOCKS.filter(({ notRun }) => notRun === undefined);

/** Pages show the version that they were last shown by. */
function withoutVersion(text: string): string {
  return text.replace(/; thpscope \d+\.\d+\.\d+$/gm, '; thpscope');
}

test('the README shows a prediction, and is at most 100 lines long', () => {
  expect(BLOCKS.some(({ page, line }) => page === 'README.md' && line.includes('predict'))).toBe(true);
  expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThanOrEqual(101);
});

test.each([
  ['2M, `max_ptes_none` 511', '--policy default'],
  ['2M, `max_ptes_none` 124', '--policy default --max-ptes-none 124'],
  ['16K to 2M, `max_ptes_none` 0', '--kernel linux-7.3 --orders all --max-ptes-none 0'],
])('its table says of %s what predict says', async (settings, flags) => {
  const row = readFileSync('README.md', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`| ${settings}`));
  const [huge, growth, restart] = (row ?? '')
    .split('|')
    .slice(2)
    .map((cell) => cell.trim());
  const { stdout } = await thpscope(words(`predict examples/redis.parquet ${flags}`));
  expect(stdout).toContain(`huge then     khugepaged: ${huge.split(' ')[0]} of 66.7M in use`);
  const grows = growth === '+0' ? 'stays the same' : `grows by ${growth.slice(1)} `;
  expect(stdout).toContain(`RSS           ${grows}`);
  expect(stdout).toContain(`(${restart}): page faults fill`);
});

test('it says what smaller sizes cost in every later pass', async () => {
  const [, windows] = /tries (\d+) windows anew/.exec(readFileSync('README.md', 'utf8')) ?? [];
  const flags = '--kernel linux-7.3 --orders all --max-ptes-none 0';
  const { stdout } = await thpscope(words(`predict examples/redis.parquet ${flags}`));
  expect(stdout).toContain(`later passes  ${windows} attempts each that change nothing`);
});

test('a block that is not run says when and how it was made', () => {
  for (const { notRun, page } of BLOCKS)
    if (notRun !== undefined) expect(notRun, page).toMatch(/^\d{4}-\d\d-\d\d, .{20,}/);
});

test('output is shown with the command that prints it, or with when and how it was made', () => {
  const fences = /(^<!-- not run: .*? -->\n+)?^```(\w*)\n([\s\S]*?)^```$/gm;
  const bare = markdownPages()
    .filter((page) => /^(README|docs\/)/.test(page) && !OTHER_TEXT.includes(page))
    .flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(fences)]
        .filter(([, notRun, language]) => notRun === undefined && ['', 'text'].includes(language))
        .map(([, , , text]) => text.split('\n')[0])
        .filter((line) => !/^(\$|thpscope) /.test(line))
        .map((line) => `${page}: ${line}`),
    );
  expect(bare).toEqual([]);
});

const hasJq = (() => {
  try {
    execFileSync('jq', ['--version']);
    return true;
  } catch {
    return false;
  }
})();

test.each(RUN.filter(({ line }) => hasJq || !line.includes('| jq')))(
  '$page: $line',
  async ({ line, shown }) => {
    const [, command, jq] = /^(?:npx )?thpscope (.*?)(?: \| jq (.*))?$/.exec(line) ?? [];
    expect(
      command,
      `${line}: not a command of thpscope; say why it is not run, and how it was made`,
    ).toBeDefined();
    const { stdout, stderr } = await thpscope(words(command));
    expect(stderr).toBe('');
    const printed =
      jq === undefined ? stdout : execFileSync('sh', ['-c', `jq ${jq}`], { input: stdout, encoding: 'utf8' });
    let rest = `\n${withoutVersion(printed)}`;
    for (const part of withoutVersion(shown)
      .split(/^ *…\n/m)
      .filter((each) => each !== '')) {
      const at = rest.indexOf(`\n${part}`);
      expect(at, `${part}\nis not in what is left:\n${rest}`).toBeGreaterThanOrEqual(0);
      rest = rest.slice(at + part.length);
    }
    // What is printed after the last line has to be shown, or told by a line of ….
    if (!/… *\n$/.test(shown)) expect(rest.trim()).toBe('');
  },
);
