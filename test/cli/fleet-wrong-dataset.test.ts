import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IS_BUILT_HERE } from '../support/built-command.ts';
import { thpscope } from '../support/thpscope.ts';

/** npm alone brings it. */
const withDuckdb = test.skipIf(!IS_BUILT_HERE);
const folder = mkdtempSync(join(tmpdir(), 'thpscope-wrong-dataset-'));

beforeAll(async () => {
  const made = await thpscope(
    `fleet generate examples/services.digest.json -o ${folder} --hosts 2 --seed 1`.split(' '),
  );
  expect(made.code, made.stderr).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function refused(...args: string[]) {
  const { stdout, stderr, code } = await thpscope(['fleet', 'top', ...args]);
  expect(stdout).toBe('');
  return { said: stderr, code };
}

test('a dataset that is not there is not called empty', async () => {
  const { said, code } = await refused(join(folder, 'typo'));
  expect(said).toContain('typo: no such folder; name the one that collect writes to');
  expect(code).toBe(2);
});

test('a bucket is asked once it is here', async () => {
  const { said, code } = await refused('s3://metrics/thp');
  expect(said).toContain('aws s3 sync s3://metrics/thp DIR');
  expect(code).toBe(2);
});

withDuckdb('a condition on a column that there is not is whose it is', async () => {
  const { said, code } = await refused(folder, '--where', "servce = 'redis.service'");
  expect(said).toContain("--where servce = 'redis.service'");
  expect(said).toContain('docs/fleet.md lists the columns');
  expect(code).toBe(2);
});

withDuckdb.each(['cut off', 'of somebody else'])(
  'a file that is %s is named, and what to do about it',
  async (kind) => {
    const day = join(folder, 'rows', readdirSync(join(folder, 'rows'))[0]);
    const path = join(folder, 'copy');
    mkdirSync(path, { recursive: true });
    const name = readdirSync(day)[0];
    for (const table of readdirSync(folder).filter((each) => each !== 'copy'))
      cpSync(join(folder, table), join(path, kind, table), { recursive: true });
    const damaged = join(path, kind, day.slice(folder.length), name);
    if (kind === 'cut off') truncateSync(damaged, 100);
    else writeFileSync(damaged, 'junk');
    const { said, code } = await refused(join(path, kind));
    expect(said).toContain(name);
    expect(said).toContain('copy it anew, or move what has its name away from all tables: the rest counts');
    expect(code).toBe(5);
    for (const table of readdirSync(join(path, kind)))
      rmSync(join(path, kind, table, day.slice(folder.length + 'rows/'.length), name), { force: true });
    expect((await thpscope(['fleet', 'top', join(path, kind)])).stdout).toMatch(/^Memory of 1 host, /);
  },
);
