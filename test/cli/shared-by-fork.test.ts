import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { processItem, rangesItem, streamOf, vmaItem } from '../analysis/streams.ts';
import { rangeOf, valueOf } from '../support/ranges.ts';
import { sealed } from '../support/sealed.ts';
import { thpscope } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-fork-'));
afterAll(() => rmSync(folder, { recursive: true }));
const SNAPSHOT = join(folder, 'server.parquet');
const DIGEST = join(folder, 'server.json');
const AFTER = join(folder, 'after.parquet');
const DIGEST_AFTER = join(folder, 'after.json');
const OLD_DIGEST = join(folder, 'old.json');
const RANGES = 4;
const PROCESSES = 31;

/** A server that forked 30 times: 8M that all share, of which as many pages of 8 are there. */
function server(pages: number): MemoryItem[] {
  const touched = Array.from({ length: 64 }, (_, i) => `${8 * i}-${8 * i + pages - 1}`).join(',');
  return Array.from({ length: PROCESSES }, (_, i): MemoryItem[] => [
    processItem(100 + i, { command: 'server' }),
    vmaItem({ end: RANGES * 2 ** 21 }),
    rangesItem(
      ...Array.from({ length: RANGES }, (_, r) => ({
        ...rangeOf({ ...NOTHING, present: touched, shared: touched, address: r * 2 ** 21 }),
        sharedRuns: Array.from({ length: 64 }, (_, run) => ({
          offset: 8 * run,
          pages,
          id: 1 + 512 * r + 8 * run,
          mappings: PROCESSES,
          repeats: i > 0,
        })),
      })),
    ),
  ]).flat();
}

const NOTHING = {
  swap: '',
  guard: '',
  zero: '',
  unreferenced: '',
  pinned: '',
  lazyfree: '',
  locked: '',
  uffd: '',
  folios: [],
  pmdMapped: false,
};

beforeAll(async () => {
  const host = {
    name: 'web1',
    bootId: '',
    kernelRelease: '6.18.3',
    time: '2026-01-01T00:00:00.000Z',
    geometry: x86_64,
    settings: { ...defaultSettings(x86_64), enabled: 'madvise' as const },
  };
  valueOf(await writeSnapshot(SNAPSHOT, { host, items: () => streamOf(server(5)) }));
  valueOf(await writeSnapshot(AFTER, { host, items: () => streamOf(server(8)) }));
  expect((await thpscope(['digest', AFTER, '-o', DIGEST_AFTER])).code).toBe(0);
  expect((await thpscope(['digest', SNAPSHOT, '-o', DIGEST])).code).toBe(0);
  const old = JSON.parse(readFileSync(DIGEST, 'utf8'));
  for (const each of old.processes) delete each.repeated;
  writeFileSync(OLD_DIGEST, sealed({ ...old, schema: 'thpscope/digest@6' }));
});

/** 5M of 8M are touched: a restart under always fills 3M, once for all 31 processes. */
const GROWTH = 3 * 2 ** 20;
const NOTE = /of the machine it is 5M: 150M are pages that they share/;

test.each([
  ['a snapshot', () => SNAPSHOT],
  ['a digest', () => DIGEST],
])('predict of %s says growth of the machine', async (_, path) => {
  const predicted = await thpscope(['predict', path(), '--enabled', 'always']);
  expect(predicted.stdout).toMatch(/5M of the machine: 150M are pages that they share with each other/);
  expect(predicted.stdout).toMatch(/memory of the machine at most 8M \(\+3M\)/);
  const json = await thpscope(['predict', path(), '--enabled', 'always', '--json', '--totals']);
  const { machine } = JSON.parse(json.stdout);
  expect(machine).toMatchObject({ residentPages: 1280, repeatedPages: 30 * 1280, growthPages: 0 });
  expect(machine.restart.growthPages).toBe(768);
});

test('so do advise, metrics and sweep', async () => {
  const advised = await thpscope(['advise', DIGEST, '--max-growth', 'none']);
  expect(advised.stdout).toMatch(NOTE);
  expect(advised.stdout).toMatch(/growth at a restart, at most +0B +3M \(\+60\.0%\)/);
  const metrics = await thpscope(['metrics', DIGEST]);
  expect(metrics.stdout).toMatch(
    new RegExp(`^thpscope_restart_growth_bytes\\{policy="default"\\} ${GROWTH}$`, 'm'),
  );
  const limits = ['-L', 'orders=9', '-L', 'words=always', '-L', 'max-ptes-none=0'];
  const swept = await thpscope(['sweep', DIGEST, ...limits, '--csv']);
  const [head, row] = swept.stdout.trim().split('\n');
  expect(row.split(',')[head.split(',').indexOf('restart_growth_pages')]).toBe('768');
});

test('a digest of version 6 says that each process counts what it shares', async () => {
  const { stdout } = await thpscope(['advise', OLD_DIGEST, '--max-growth', 'none']);
  expect(stdout).toMatch(/pages that processes share by fork count in each of them here/);
  expect(stdout).toMatch(/growth at a restart, at most +0B +93M \(\+60\.0%\)/);
});

test('a percent of growth is a share of what the machine has', async () => {
  // 60% of 5M: 2M always fits; of the 155M that the processes have, 5% would do.
  const choice = async (share: string) => (await thpscope(['advise', DIGEST, '--max-growth', share])).stdout;
  const narrow = await choice('50%');
  expect(narrow).toMatch(/growth of at most 2\.5M \(50\.0%\)/);
  expect(narrow).toMatch(/Leave the settings as they are/);
  expect(await choice('60%')).toMatch(/Enable 2M for all memory/);
});

test('report says it of the machine, too', async () => {
  const page = join(folder, 'report.html');
  await thpscope(['report', DIGEST, '--enabled', 'always', '-o', page]);
  expect(readFileSync(page, 'utf8')).toMatch(/memory of the machine is then at most 8M \(\+3M\)/);
});

test.each([
  ['snapshots', () => [SNAPSHOT, AFTER]],
  ['digests', () => [DIGEST, DIGEST_AFTER]],
])('diff of %s says how the machine changed', async (_, readings) => {
  const { stdout } = await thpscope(['diff', ...readings()]);
  expect(stdout).toMatch(/^anonymous memory +155M +248M +\+93M$/m);
  expect(stdout).toMatch(/^ {2}of the machine +5M +8M +\+3M$/m);
  expect(stdout).toMatch(/pages that processes share by fork count in each of them, in the lists too/);
  const json = JSON.parse((await thpscope(['diff', ...readings(), '--json'])).stdout);
  expect(json.repeatedPages).toEqual({ before: 30 * 1280, after: 30 * 2048 });
});

test('diff with a digest that does not know what is shared says so', async () => {
  const { stdout } = await thpscope(['diff', OLD_DIGEST, DIGEST_AFTER]);
  expect(stdout).not.toMatch(/^ {2}of the machine/m);
  expect(stdout).toMatch(/it is not known which these are/);
});
