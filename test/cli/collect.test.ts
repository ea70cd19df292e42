import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { kernelTree, machineFiles, PRESENT, processFiles } from '../support/kernel-tree.ts';
import { thpscope } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-collect-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A machine with one process in a control group. */
function machineWith(cgroup: string): string {
  const bytes = rangeBytes(x86_64);
  const start = 64 * bytes;
  const pages = new Map(Array.from({ length: 512 }, (_, i) => [start / 4096 + i, PRESENT] as const));
  const vmas = [{ start, end: start + bytes, sums: { Rss: 2048, Referenced: 2048 } }];
  const process = processFiles(7, { vmas, pages, files: { cgroup: `0::${cgroup}\n` } });
  return kernelTree({ ...machineFiles(x86_64), ...process }).root;
}

const collect = (spool: string, kernelRoot: string) =>
  thpscope(['collect', '-p', '7', '-o', folder, '--spool', spool, '--host', 'web1'], '', { kernelRoot });

test('a reading from within a container that sees no limits says so', async () => {
  const within = await collect(join(folder, 'spool'), machineWith('/../../system.slice/redis.service'));
  expect(within.stderr).toContain('start it by nsenter --target 1 --cgroup');
  expect(within.code).toBe(0);
  const outside = await collect(join(folder, 'spool'), machineWith('/system.slice/redis.service'));
  expect(outside.stderr).not.toContain('nsenter');
});

test('a spool that cannot be written loses the reading, and that is said', async () => {
  writeFileSync(join(folder, 'file'), '');
  const { stderr, code } = await collect(join(folder, 'file'), machineWith('/'));
  expect(stderr).toMatch(/this reading is lost$/m);
  expect(code).toBe(2);
});
