import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-package-'));
afterAll(() => rmSync(folder, { recursive: true }));

const installed = join(folder, 'node_modules/thpscope');
const bin = (name: string) => resolve('node_modules/.bin', name);
let tarball: string;

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8' });
const thpscope = (...words: string[]) => run(join(folder, 'node_modules/.bin/thpscope'), ...words);

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    encoding: 'utf8',
  });
  const [{ filename }] = JSON.parse(packed) as { filename: string }[];
  tarball = join(folder, filename);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  run('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', tarball);
}, 180_000);

test('the packed package, installed elsewhere, predicts', () => {
  const words = ['predict', '--pattern', '0-15', '--orders', 'all', '--max-ptes-none', '0', '--json'];
  const json = JSON.parse(run('npx', '--no-install', 'thpscope', ...words));
  expect(json.totals).toEqual({ ranges: 1, collapses: { 4: 1 }, coveredPages: 16, filledPages: 0 });
});

test('it carries its schemas, its man page and its example', () => {
  const files = thpscope('predict', 'node_modules/thpscope/examples/redis.parquet', '--json');
  expect(JSON.parse(files).processes[0].command).toBe('redis-server');
  const listing = run('ls', 'node_modules/thpscope/schemas', 'node_modules/thpscope/man');
  for (const name of ['predict.schema.json', 'explain.schema.json', 'thpscope.1'])
    expect(listing).toContain(name);
});

test('npm is told of every man page: it looks into no folder when it installs', () => {
  const { man } = JSON.parse(readFileSync('package.json', 'utf8')) as { man: string[] };
  expect(man).toEqual(
    readdirSync('man')
      .map((name) => `./man/${name}`)
      .sort(),
  );
});

test('it carries its web app', async () => {
  const main = join(installed, 'dist/cli/main.js');
  const server = spawn(process.execPath, [main, 'serve', '--no-open', '--json'], { cwd: folder });
  const [line] = await once(server.stdout, 'data');
  const page = await fetch(JSON.parse(String(line)).url);
  expect(await page.text()).toContain('<div id="app">');
  server.kill('SIGINT');
  const [code] = await once(server, 'exit');
  expect(code).toBe(0);
});

test('live memory is read through PAGEMAP_SCAN where the kernel has it', () => {
  const { notes } = JSON.parse(thpscope('predict', '-p', String(process.pid), '--json'));
  const [major, minor] = execFileSync('uname', ['-r'], { encoding: 'utf8' }).split('.').map(Number);
  const hasScan = major > 6 || (major === 6 && minor >= 7);
  expect(notes.some((note: string) => note.includes('PAGEMAP_SCAN'))).toBe(!hasScan);
});

test('publint and arethetypeswrong find nothing', async () => {
  const [lint, types] = await Promise.allSettled([
    promisify(execFile)(bin('publint'), ['run', tarball, '--strict']),
    promisify(execFile)(bin('attw'), [tarball, '--profile', 'esm-only']),
  ]);
  expect(lint).toMatchObject({ value: { stdout: expect.stringContaining('All good!') } });
  expect(types).toMatchObject({ status: 'fulfilled' });
});

test('what the README links to in this repository is in the package', () => {
  const links = [...readFileSync('README.md', 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
    ([, to]) => to,
  );
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((to) => !existsSync(join(installed, to)))).toEqual([]);
});

describe('a program that imports the package', () => {
  /** The examples of docs/library.md and what they print. */
  const examples = [
    ...readFileSync('docs/library.md', 'utf8').matchAll(/```ts\n(.*?)```\n\nprints.*?```\n(.*?)```/gs),
  ].map(([, code, printed]) => ({ code, printed }));
  const starters = ['typed.ts', 'plain.js'];

  beforeAll(() => {
    mkdirSync(join(folder, 'src'));
    for (const [i, { code }] of examples.entries()) writeFileSync(join(folder, `src/example-${i}.ts`), code);
    for (const name of starters) thpscope('verify', '--new', `src/${name}`);
    // A wrong line in each, so that types which came out as `any` are seen.
    for (const name of starters) {
      const text = readFileSync(join(folder, 'src', name), 'utf8');
      writeFileSync(
        join(folder, 'src', `wrong-${name}`),
        text.replace('asOffset(0)', "asOffset('0')").replace('range.geometry.pmdOrder)', 'range.pmdOrder)'),
      );
    }
    copyFileSync('examples/redis.parquet', join(folder, 'redis.parquet'));
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      allowJs: true,
      checkJs: true,
      rootDir: 'src',
      outDir: 'built',
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  });

  test('type-checks under strict without the types of Node, starters of verify too, and its examples print what the docs say', () => {
    let complaints = '';
    try {
      run(bin('tsc'), '-p', '.', '--pretty', 'false');
    } catch (error) {
      complaints = (error as { stdout: string }).stdout;
    }
    const files = [...complaints.matchAll(/^(\S+)\(\d+,\d+\): error (\S+):/gm)].map(([, file, code]) => [
      file,
      code,
    ]);
    const wrong = starters.flatMap((name) => ['TS2345', 'TS2339'].map((code) => [`src/wrong-${name}`, code]));
    expect(files.sort(), complaints).toEqual(wrong.sort());

    expect(examples.length).toBeGreaterThan(1);
    for (const [i, { printed }] of examples.entries())
      expect(run(process.execPath, `built/example-${i}.js`)).toBe(printed);
  });

  test('gets the starter that decides as the walk does', () => {
    const verify = (name: string) => thpscope('verify', 'walk', name, '--pmd-order', '3');
    expect(verify('built/typed.js')).toContain('same');
    expect(verify('src/plain.js')).toContain('same');
  });
});
