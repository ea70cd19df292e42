import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { thpscopeCommands } from '../../src/cli/app.ts';
import { commandPages } from '../../src/cli/shared/help/command-page.ts';
import { overruns } from '../support/overruns.ts';
import { thpscope } from '../support/thpscope.ts';

const commands = commandPages('thpscope', thpscopeCommands(undefined));

describe.each([60, 80, 100])('at %i columns', (columns) => {
  test.each(['', 'fleet', ...commands.map(({ name }) => name.replace('thpscope ', ''))])(
    'help of %s fits',
    async (command) => {
      const { stdout, code } = await thpscope([...command.split(' ').filter(Boolean), '--help'], '', {
        columns,
      });
      expect(code).toBe(0);
      expect(overruns(stdout, columns)).toEqual([]);
    },
  );
});

test('help as a word says the same', async () => {
  expect(await thpscope(['help', 'predict'])).toEqual(await thpscope(['predict', '--help']));
  expect(await thpscope(['help'])).toEqual(await thpscope(['--help']));
});

test('a name in place of a process id is told how to find the id', async () => {
  const { stderr, code } = await thpscope(['predict', '-p', 'redis-server']);
  expect(stderr).toContain("'pidof redis-server' prints");
  expect(code).toBe(2);
});

test('help is 80 columns wide where no terminal says otherwise, and at most 100', async () => {
  const widest = async (columns: number | undefined) => {
    const { stdout } = await thpscope(['predict', '--help'], '', { columns });
    return Math.max(...stdout.split('\n').map((line) => line.length));
  };
  expect(await widest(undefined)).toBeLessThanOrEqual(80);
  expect(await widest(300)).toBeGreaterThan(80);
  expect(await widest(300)).toBeLessThanOrEqual(100);
});

test('help shows every flag, its values and what is taken when it is left out', async () => {
  const { stdout } = await thpscope(['advise', '--help']);
  for (const words of [
    '-p, --pid PID...',
    '--max-growth N%|SIZE|none',
    '5% by default',
    '--growth now|restart|both',
  ])
    expect(stdout.replace(/\s+/g, ' ')).toContain(words);
});

describe('manual pages', () => {
  const pages = readdirSync('man');

  test('there is one for each command, with the sections that readers look for', () => {
    expect(pages.sort()).toEqual(
      ['thpscope.1', ...commands.map(({ name }) => `${name.replaceAll(' ', '-')}.1`)].sort(),
    );
    for (const page of pages) {
      const text = readFileSync(`man/${page}`, 'utf8');
      for (const title of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'EXAMPLES', 'EXIT STATUS', 'SEE ALSO'])
        expect(text, page).toContain(`\n.SH ${title}\n`);
    }
  });

  const hasMan = (() => {
    try {
      execFileSync('man', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

  test.skipIf(!hasMan).each(['thpscope', 'thpscope-predict', 'thpscope-apply', 'thpscope-verify'])(
    '%s fits 80 columns, and man has nothing to complain about',
    (page) => {
      const env = { ...process.env, MANWIDTH: '80', MAN_KEEP_FORMATTING: '', LC_ALL: 'C.UTF-8' };
      const text = execFileSync('man', ['--warnings', '-l', `man/${page}.1`], {
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      expect(overruns(text, 80)).toEqual([]);
      expect(text).toContain('EXIT STATUS');
    },
  );
});
