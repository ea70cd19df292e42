import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseBytes } from '../../src/core/base/bytes.ts';
import { thpscope, words } from '../support/thpscope.ts';

const ASKED = 'advise examples/redis.parquet --growth now --tlb 16K --kernel linux-7.3';
const FOLDER = '/sys/kernel/mm/transparent_hugepage';
const LINE = /^echo (\w+) > (\/sys\/kernel\/mm\/transparent_hugepage\/\S+)$/;

/** What sysfs says: values by path. Files begin with what the recording says of them. */
type Sysfs = Record<string, string>;

/** Sysfs of the machine of the recording. */
const BEFORE: Sysfs = {
  [`${FOLDER}/khugepaged/max_ptes_none`]: '511',
  ...Object.fromEntries(
    [16, 32, 64, 128, 256, 512, 1024, 2048].map((size) => [
      `${FOLDER}/hugepages-${size}kB/enabled`,
      size === 2048 ? 'inherit' : 'never',
    ]),
  ),
};

async function written(format: string, more = ''): Promise<string[]> {
  const { stdout, code } = await thpscope(words(`${ASKED} --format ${format} ${more}`));
  expect(code).toBe(0);
  return stdout.trimEnd().split('\n');
}

const statements = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('#'));
const comments = (lines: readonly string[]) =>
  lines.filter((line) => line.startsWith('# ')).map((line) => line.slice(2));

function after(commands: readonly string[], from: Sysfs): Sysfs {
  const pairs = commands.map((line) => LINE.exec(line) ?? []).map(([, value, path]) => [path, value]);
  return { ...from, ...Object.fromEntries(pairs) };
}

/** Where the advice leads, by the JSON that says it. */
async function target(): Promise<Sysfs> {
  const { set } = JSON.parse((await thpscope(words(`${ASKED} --json`))).stdout);
  return after(
    set.map(({ path, value }: Sysfs) => `echo ${value} > ${path}`),
    BEFORE,
  );
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'thpscope-sysfs-'));
  for (const path of Object.keys(BEFORE)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '');
  }
});
afterEach(() => rmSync(root, { recursive: true }));

/** The files of `root`; those that are empty hold what they held before. */
const read = (): Sysfs =>
  Object.fromEntries(
    Object.entries(BEFORE).map(([path, value]) => [
      path,
      readFileSync(join(root, path), 'utf8').trim() || value,
    ]),
  );

test('what lasts says all settings, also where they stay as they are', async () => {
  const { stdout } = await thpscope(words('advise examples/redis.parquet --format tmpfiles'));
  expect(stdout).toContain('Leave the settings as they are');
  expect(stdout.match(/^w /gm)).toHaveLength(12);
  const { stdout: line } = await thpscope(words('advise examples/redis.parquet --format cmdline'));
  expect(line).toMatch(/^transparent_hugepage=madvise/m);
});

describe('the writes of an advice', () => {
  test('as a script lead where JSON says, and its way back leads back', async () => {
    const lines = await written('sh');
    expect(lines[0]).toBe('#!/bin/sh');
    const { status } = spawnSync('sh', { input: lines.join('\n').replaceAll(' /sys', ` ${root}/sys`) });
    expect(status).toBe(0);
    expect(read()).toEqual(await target());
    const back = comments(lines).filter((line) => LINE.test(line));
    expect(after(back, read())).toEqual(BEFORE);
  });

  test('a script ends where a write fails', async () => {
    const lines = await written('sh');
    rmSync(join(root, FOLDER, 'khugepaged'), { recursive: true });
    expect(spawnSync('sh', { input: lines.join('\n').replaceAll(' /sys', ` ${root}/sys`) }).status).not.toBe(
      0,
    );
    expect(readFileSync(join(root, FOLDER, 'hugepages-64kB/enabled'), 'utf8')).toBe('');
  });

  test('as a file of tmpfiles.d are lines of its form, with the way back', async () => {
    const lines = await written('tmpfiles');
    const paths = statements(lines).map((line) => /^w (\/sys\/\S+) - - - - (\w+)$/.exec(line) ?? []);
    expect(Object.fromEntries(paths.map(([, path, value]) => [path, value]))).toMatchObject(await target());
    const back = comments(lines).filter((line) => LINE.test(line));
    expect(after(back, await target())).toEqual(BEFORE);
  });

  const hasTmpfiles = spawnSync('systemd-tmpfiles', ['--version']).status === 0;
  test.skipIf(!hasTmpfiles)('systemd-tmpfiles writes them', async () => {
    const file = join(root, 'thp.conf');
    writeFileSync(file, `${(await written('tmpfiles')).join('\n')}\n`);
    const { status, stderr } = spawnSync('systemd-tmpfiles', ['--create', `--root=${root}`, file], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(read()).toEqual(await target());
  });

  test('as parameters of the kernel mean the same sizes, and name what they cannot say', async () => {
    const lines = await written('cmdline');
    const [parameters, ...rest] = statements(lines);
    expect(rest).toEqual([]);
    // By the manual: what no thp_anon names is never.
    const sizes: Sysfs = {};
    for (const size of [16, 32, 64, 128, 256, 512, 1024, 2048]) {
      const naming = [...parameters.matchAll(/thp_anon=([^ :]+):(\w+)/g)].find(([, list]) =>
        list.split(',').some((part) => {
          const [from, to = from] = part.split('-').map((text) => parseBytes(text) ?? Number.NaN);
          return from <= size * 1024 && size * 1024 <= to;
        }),
      );
      sizes[`${FOLDER}/hugepages-${size}kB/enabled`] = naming?.[2] ?? 'never';
    }
    const unsaid = comments(lines).filter((line) => LINE.test(line));
    expect(unsaid).toHaveLength(1);
    expect(after(unsaid, sizes)).toEqual(await target());
    expect(parameters).toMatch(/^transparent_hugepage=madvise /);
    expect(parameters).not.toContain(';');
    expect(comments(lines).at(-1)).toBe('transparent_hugepage=madvise');
  });

  test('as JSON are those of --json', async () => {
    const { stdout } = await thpscope(words(`${ASKED} --json`));
    expect((await written('json')).join('\n')).toBe(stdout.trimEnd());
  });

  test('a form that is none is refused', async () => {
    expect((await thpscope(words(`${ASKED} --format yaml`))).code).toBe(2);
  });
});
