import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const REDIS = 'examples/redis.parquet';
const folder = mkdtempSync(join(tmpdir(), 'thpscope-restart-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function outputOf(line: string): Promise<string> {
  const { code, stdout, stderr } = await thpscope(words(line));
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

/** The lines of a text that speak of a restart. */
const restartLines = (text: string) =>
  text.split('\n').filter((line) => /^ +restart|^ +RSS at most|larger than page faults|by fork/.test(line));

/** What the first version of digests has of a process. */
const FIRST_FIELDS = words(
  'pid startTime command cgroup thpDisabled ranges residentPages hugePages refused assumed unadvised hugepage',
);

test('predict says of a digest what it says of the memory, and of an old digest that it is not known', async () => {
  const digest = join(folder, 'redis.json');
  expect((await thpscope(['digest', REDIS, '-o', digest])).code).toBe(0);
  const json = JSON.parse(readFileSync(digest, 'utf8'));
  expectSchema('digest', json);
  for (const policy of ['--policy default', '--orders 2-9 --max-ptes-none 0', '--orders 4']) {
    const lines = restartLines(await outputOf(`predict ${REDIS} ${policy}`));
    expect(lines.length).toBeGreaterThan(1);
    expect(restartLines(await outputOf(`predict ${digest} ${policy}`))).toEqual(lines);
    const [ofMemory, ofDigest] = await Promise.all(
      [REDIS, digest].map(async (path) => JSON.parse(await outputOf(`predict ${path} ${policy} --json`))),
    );
    expectSchema('predict', ofDigest);
    expect(ofDigest.totals.restart).toEqual(ofMemory.totals.restart);
    const byVma = ofMemory.processes[0].vmas.map(
      ({ totals }: typeof ofMemory) => totals.restart.residentPages,
    );
    expect(byVma.reduce((sum: number, pages: number) => sum + pages, 0)).toBe(
      ofMemory.totals.restart.residentPages,
    );
  }

  const first = join(folder, 'first.json');
  for (const process of json.processes)
    for (const field of Object.keys(process)) if (!FIRST_FIELDS.includes(field)) delete process[field];
  for (const { unadvised } of json.processes) {
    // This memory has none; version 1 has a list of them all the same.
    expect(unadvised.folios).toBeUndefined();
    unadvised.folios = [];
    unadvised.any = unadvised.any.slice(0, 4);
  }
  const later = { crc32: undefined, tlb: undefined, pageCache: undefined };
  writeFileSync(first, JSON.stringify({ ...json, schema: 'thpscope/digest@1', ...later }));
  expect(restartLines(await outputOf(`predict ${first} --policy default`))).toEqual([
    '  restart       not known: this digest is of a version that does not keep it',
  ]);
  const old = JSON.parse(await outputOf(`predict ${first} --policy default --json`));
  expectSchema('predict', old);
  expect(old.totals.restart).toBeNull();
});

test('--restart shows it for each VMA, and of a made-up range', async () => {
  const text = await outputOf(`predict ${REDIS} --policy default --restart`);
  expect(text).toMatch(/VMA .*HUGE AFTER RESTART {2}GROWTH BY RESTART/);
  const range = 'predict --pattern 0-15 --orders 4,6 --max-ptes-none 0';
  expect(await outputOf(`${range} --restart`)).toContain(
    'page faults, after a restart: at most 64K of 64K in use (100%), and 192K filled: 256K in 256K',
  );
  const json = JSON.parse(await outputOf(`${range} --restart --json`));
  expectSchema('predict', json);
  expect(json.totals.restart).toMatchObject({ residentPages: 64, touchedPages: 16, growthPages: 48 });
  expect(JSON.parse(await outputOf(`${range} --json`)).totals).not.toHaveProperty('restart');
});

test('a report says it, too', async () => {
  const page = join(folder, 'report.html');
  expect((await thpscope(['report', REDIS, '--policy', 'default', '-o', page])).code).toBe(0);
  expect(readFileSync(page, 'utf8')).toContain(
    'Page faults, after a restart under the same settings, make at most',
  );
});
