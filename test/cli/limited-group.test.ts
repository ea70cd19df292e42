import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { knownRanges, processItem, streamOf, vmaItem } from '../analysis/streams.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-limited-'));
afterAll(() => rmSync(folder, { recursive: true }));
const SNAPSHOT = join(folder, 'sparse.parquet');
const DIGEST = join(folder, 'sparse.json');

const M = 2 ** 20;
/** A group of 48M of which 16.5M are used, in one that has no more room than that. */
const GROUPS = [
  { path: '/db/heap', limitBytes: 48 * M, usedBytes: 16.5 * M },
  { path: '/db', limitBytes: 100 * M, usedBytes: 68 * M },
];

/** A heap of 128M that asks for huge pages, in which one page of 8 is touched: it would grow by 112M. */
function sparse(): MemoryItem[] {
  const touched = Array.from({ length: 64 }, (_, i) => String(8 * i)).join(',');
  return [
    processItem(7, { command: 'sparse', cgroup: '/db/heap', memoryGroups: GROUPS }),
    vmaItem({ end: 128 * M, flags: ['hg'] }),
    knownRanges(Array.from({ length: 64 }, () => ({ present: touched }))),
  ];
}

beforeAll(async () => {
  const host = {
    name: 'db1',
    bootId: '',
    kernelRelease: '6.18.3',
    time: '2026-01-01T00:00:00.000Z',
    geometry: x86_64,
    settings: { ...defaultSettings(x86_64), enabled: 'madvise' as const },
  };
  valueOf(await writeSnapshot(SNAPSHOT, { host, items: () => streamOf(sparse()) }));
  expect((await thpscope(['digest', SNAPSHOT, '-o', DIGEST])).code).toBe(0);
});

// Linux 6.18.44 made 17 huge pages of a heap like this one, and memory.failcnt rose in later passes.
test('predict counts what fits below a limit, and what every later pass tries in vain', async () => {
  const { stdout } = await thpscope(['predict', SNAPSHOT]);
  expect(stdout).toMatch(/17 of 64 collapses fit below its limit, 47 fail/);
  expect(stdout).toMatch(/later passes +47 attempts each that change nothing/);
});

test.each([
  ['a snapshot', () => SNAPSHOT],
  ['a digest', () => DIGEST],
])('advise about %s holds the settings in force to the limit', async (_, path) => {
  const { stdout } = await thpscope(['advise', path(), '--max-growth', 'none']);
  // 31.5M of 112M have room: what the outer group is short of is in that.
  expect(stdout).toMatch(/growth by khugepaged +at most 31\.5M \(\+196\.9%\)/);
  expect(stdout).toMatch(/TLB entries by khugepaged \(now 4,096\) +at least 64/);
  // 80.5M that do not fit are 41 ranges at least: predict knows that it is 47.
  expect(stdout).toMatch(/attempts in vain in every pass +at least 41/);
  expect(stdout).toMatch(
    /control group \/db\/heap has 31\.5M of room below its limit, and khugepaged would add 112M: collapses without room fail/,
  );
  const json = JSON.parse((await thpscope(['advise', path(), '--json'])).stdout);
  expectSchema('advise', json);
  expect(json.inForce.withoutRoom).toContainEqual({ cgroup: '/db/heap', when: 'now', growthPages: 28_672 });
  expect(json.inForce.outcome.now).toMatchObject({ growthPages: 31.5 * 256, laterAttempts: 41 });
});

test('sweep, and predict of a digest, say that they know no limit', async () => {
  const left = /Limits of control groups are left out: \/db\/heap has 31\.5M of room below its 48M/;
  const swept = await thpscope(['sweep', DIGEST, '-L', 'orders=9', '-L', 'max-ptes-none=0,511']);
  expect(swept.stdout).toMatch(left);
  expect((await thpscope(['predict', DIGEST])).stdout).toMatch(left);
  const small = await thpscope(['sweep', DIGEST, '-L', 'orders=9', '-L', 'max-ptes-none=0,1']);
  expect(small.stdout).not.toMatch(/left out/);
});
