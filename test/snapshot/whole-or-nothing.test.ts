import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Result } from '../../src/core/base/failure.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { partialPath } from '../../src/snapshot/partial-name.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { oneVma, sourceOf, temporaryDirectory } from './sources.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const EARLIER = 'an earlier snapshot';

let directory: string;
let path: string;

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory, 'a.parquet');
});

/** Node 20 runs no TypeScript, so the child is compiled; the packages are found through a link. */
function compiledCapture(): string {
  const built = temporaryDirectory();
  symlinkSync(join(ROOT, 'node_modules'), join(built, 'node_modules'));
  writeFileSync(join(built, 'package.json'), '{"type":"module"}');
  const tsconfig = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { noEmit: false, noCheck: true, rootDir: ROOT, outDir: built },
    files: [join(ROOT, 'test/snapshot/endless-capture.ts')],
    include: [],
  };
  writeFileSync(join(built, 'tsconfig.json'), JSON.stringify(tsconfig));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(built, 'tsconfig.json')], { stdio: 'inherit' });
  return join(built, 'test/snapshot/endless-capture.js');
}

test('a killed writer leaves the earlier file whole and no half one under its name', async () => {
  const capture = compiledCapture();
  for (const earlier of [EARLIER, undefined]) {
    const target = join(directory, earlier ? 'earlier.parquet' : 'new.parquet');
    if (earlier) writeFileSync(target, earlier);
    const child = spawn(process.execPath, [capture, target], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
    const halves = readdirSync(directory).filter((name) =>
      name.startsWith(`.${target.slice(directory.length + 1)}`),
    );
    expect(halves).toHaveLength(1);
    expect(statSync(join(directory, halves[0])).size).toBeGreaterThan(0);
    if (earlier) expect(readFileSync(target, 'utf8')).toBe(EARLIER);
    else expect(readdirSync(directory)).not.toContain('new.parquet');
  }
}, 60_000);

describe('a writer that stops leaves nothing but the earlier file', () => {
  beforeEach(() => writeFileSync(path, EARLIER));

  function expectEarlier(): void {
    expect(readdirSync(directory)).toEqual(['a.parquet']);
    expect(readFileSync(path, 'utf8')).toBe(EARLIER);
  }

  test('because its source throws', async () => {
    const items = function* (): Generator<MemoryItem> {
      yield* oneVma(5000);
      throw new Error('the disk of the source');
    };
    await expect(writeSnapshot(path, sourceOf(items()))).rejects.toThrow('the disk of the source');
    expectEarlier();
  });

  test('because it is told to', async () => {
    const stop = new AbortController();
    const items = function* (): Generator<MemoryItem> {
      yield* oneVma(5000);
      stop.abort(new Error('SIGINT'));
      yield { kind: 'note', message: 'never written' };
    };
    await expect(writeSnapshot(path, sourceOf(items()), { signal: stop.signal })).rejects.toThrow('SIGINT');
    expectEarlier();
  });

  test('because the source breaks its contract', async () => {
    const [, vma, ranges] = oneVma(1);
    await expect(writeSnapshot(path, sourceOf([vma, ranges]))).rejects.toThrow(
      /bug: memory without its process/,
    );
    expectEarlier();
  });
});

describe('where no file can be made', () => {
  function messageOf(result: Result<unknown>): string {
    return result.ok ? 'ok' : `${result.failure.kind}: ${result.failure.message}`;
  }

  test('no directory', async () => {
    const result = await writeSnapshot(join(directory, 'no', 'a.parquet'), sourceOf([]));
    expect(messageOf(result)).toMatch(/^usage: .*no directory .*create it first$/);
  });

  test('a directory of that name, or a device', async () => {
    mkdirSync(path);
    expect(messageOf(await writeSnapshot(path, sourceOf([])))).toMatch(/^usage: .*not a regular file/);
    expect(messageOf(await writeSnapshot('/dev/null', sourceOf([])))).toMatch(/^usage: .*not a regular file/);
    expect(readdirSync(directory)).toEqual(['a.parquet']);
  });

  test.skipIf(process.getuid?.() === 0)('no permission', async () => {
    chmodSync(directory, 0o500);
    const result = await writeSnapshot(path, sourceOf([]));
    chmodSync(directory, 0o700);
    expect(messageOf(result)).toMatch(/^permission: .*may not create files/);
  });

  test('the name is too long', async () => {
    const result = await writeSnapshot(join(directory, 'a'.repeat(300)), sourceOf([]));
    expect(messageOf(result)).toMatch(/^usage: .*too long/);
  });
});

test('only the owner may read a snapshot', async () => {
  expect(await writeSnapshot(path, sourceOf(oneVma(1)))).toMatchObject({ ok: true });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

describe('what takes the place of a file', () => {
  const write = async (to: string) =>
    expect(await writeSnapshot(to, sourceOf(oneVma(1)))).toMatchObject({ ok: true });

  test('has its mode', async () => {
    writeFileSync(path, EARLIER);
    chmodSync(path, 0o644);
    await write(path);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readFileSync(path, 'utf8')).not.toBe(EARLIER);
  });

  test('takes that of the file that a link leads to, in its directory', async () => {
    const other = temporaryDirectory();
    writeFileSync(join(other, 'b.parquet'), EARLIER);
    symlinkSync(join(other, 'b.parquet'), path);
    await write(path);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(other, 'b.parquet'), 'utf8')).not.toBe(EARLIER);
    expect(readdirSync(other)).toEqual(['b.parquet']);
  });

  test('cannot be a link that leads to nothing, or to itself', async () => {
    symlinkSync(join(directory, 'none'), path);
    const nowhere = await writeSnapshot(path, sourceOf([]));
    expect(nowhere).toMatchObject({
      failure: { kind: 'usage', message: expect.stringContaining('leads to no file') },
    });
    symlinkSync('loop', join(directory, 'loop'));
    expect(await writeSnapshot(join(directory, 'loop'), sourceOf([]))).toMatchObject({ ok: false });
    expect(readdirSync(directory)).toEqual(['a.parquet', 'loop']);
  });
});

test.each(['a'.repeat(255), `${'é'.repeat(127)}a`, 'a'.repeat(216)])(
  'names of 255 bytes are names: %s',
  async (name) => {
    expect(await writeSnapshot(join(directory, name), sourceOf(oneVma(1)))).toMatchObject({ ok: true });
    expect(readdirSync(directory)).toEqual([name]);
  },
);

test('what dead writers have left is removed by the next one, and nothing else', async () => {
  const dead = spawn(process.execPath, ['-e', '']);
  await once(dead, 'exit');
  const ours = partialPath(path);
  const left = ours.replace(`-${process.pid}-`, `-${dead.pid}-`);
  const elsewhere = left.replace(/\.[0-9a-f]{8}-/, '.00000000-');
  const notOurs = join(directory, '.b.partial');
  for (const name of [ours, left, elsewhere, notOurs]) writeFileSync(name, EARLIER);
  expect(await writeSnapshot(path, sourceOf(oneVma(1)))).toMatchObject({ ok: true });
  expect(readdirSync(directory).sort()).toEqual(
    [ours, elsewhere, notOurs, path].map((each) => basename(each)).sort(),
  );
});
