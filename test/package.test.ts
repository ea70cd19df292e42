import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-package-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8' });

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    encoding: 'utf8',
  });
  const [{ filename }] = JSON.parse(packed) as { filename: string }[];
  run('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, filename));
}, 180_000);

test('the packed package, installed elsewhere, predicts', () => {
  const words = ['predict', '--pattern', '0-15', '--orders', 'all', '--max-ptes-none', '0', '--json'];
  const json = JSON.parse(run('npx', '--no-install', 'thpscope', ...words));
  expect(json.totals).toEqual({ ranges: 1, collapses: { 4: 1 }, coveredPages: 16, filledPages: 0 });
});

test('it carries its schemas, its man page and its example', () => {
  const files = run(
    'npx',
    '--no-install',
    'thpscope',
    'predict',
    'node_modules/thpscope/examples/redis.parquet',
    '--json',
  );
  expect(JSON.parse(files).processes[0].command).toBe('redis-server');
  const listing = run('ls', 'node_modules/thpscope/schemas', 'node_modules/thpscope/man');
  for (const name of ['predict.schema.json', 'explain.schema.json', 'thpscope.1'])
    expect(listing).toContain(name);
});

test('it carries its web app', async () => {
  const main = join(folder, 'node_modules/thpscope/dist/cli/main.js');
  const server = spawn(process.execPath, [main, 'serve', '--no-open', '--json'], { cwd: folder });
  const [line] = await once(server.stdout, 'data');
  const page = await fetch(JSON.parse(String(line)).url);
  expect(await page.text()).toContain('<div id="app">');
  server.kill('SIGINT');
  const [code] = await once(server, 'exit');
  expect(code).toBe(0);
});

test('live memory is read through PAGEMAP_SCAN where the kernel has it', () => {
  const { notes } = JSON.parse(
    run('npx', '--no-install', 'thpscope', 'predict', '-p', String(process.pid), '--json'),
  );
  const [major, minor] = execFileSync('uname', ['-r'], { encoding: 'utf8' }).split('.').map(Number);
  const hasScan = major > 6 || (major === 6 && minor >= 7);
  expect(notes.some((note: string) => note.includes('PAGEMAP_SCAN'))).toBe(!hasScan);
});
