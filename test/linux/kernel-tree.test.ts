import { expect, test } from 'vitest';
import { type Geometry, pageBytes, rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { listCgroupPids, listUserPids } from '../../src/linux/processes/process.ts';
import { kernelTree, machineFiles, PRESENT, processFiles, SWAPPED } from '../support/kernel-tree.ts';
import { valueOf } from '../support/ranges.ts';
import { thpscope } from '../support/thpscope.ts';

const arm64With64K: Geometry = { pageShift: 16, pmdOrder: 13 };

/** Process 7: the first 16 pages of two PMD ranges, the last of them in swap. */
function memoryOf(geometry: Geometry) {
  const range = rangeBytes(geometry);
  const page = pageBytes(geometry);
  const start = 64 * range;
  const pages = new Map<number, bigint>();
  for (const first of [start, start + range])
    for (let i = 0; i < 16; i++) pages.set(first / page + i, i === 15 ? SWAPPED : PRESENT);
  const sums = { Rss: (30 * page) / 1024, Referenced: (30 * page) / 1024, Swap: (2 * page) / 1024 };
  return processFiles(7, { vmas: [{ start, end: start + 2 * range, sums }], pages });
}

test.each([
  ['x86-64', x86_64],
  ['arm64 with 64K pages', arm64With64K],
])('memory of another machine is read from its files: %s', async (_, geometry) => {
  const tree = kernelTree({ ...machineFiles(geometry), ...memoryOf(geometry) });
  expect(listUserPids(tree)).toEqual([7]);
  const source = valueOf(await openLiveSource(tree, [7], new Date(0)));
  expect(source.host).toMatchObject({ name: 'recorded', kernelRelease: '6.18.44', geometry });
  const items: MemoryItem[] = [];
  for await (const item of source.items()) items.push(item);
  const ranges = items.flatMap((item) => (item.kind === 'ranges' ? item.ranges : []));
  expect(ranges.map(({ address }) => address)).toEqual([64, 65].map((i) => i * rangeBytes(geometry)));
  for (const { facts } of ranges) {
    expect(formatPages(facts.present)).toBe('0-14');
    expect(formatPages(facts.swap)).toBe('15');
  }
});

test('nothing of the machine that runs the test is mixed in', async () => {
  const source = valueOf(await openLiveSource(kernelTree({ 'proc/self/pagemap': '' }), [1], new Date(0)));
  expect(source.host).toMatchObject({
    name: '',
    bootId: '',
    kernelRelease: '',
    cpu: { architecture: 'unknown' },
  });
  expect(source.host.settings).toBeUndefined();
  expect(source.host.khugepaged).toBeUndefined();
});

test('control groups are looked up in the tree, by absolute paths too', () => {
  const tree = kernelTree({
    'sys/fs/cgroup/web/cgroup.procs': '7\n9\n',
    'sys/fs/cgroup/web/a/cgroup.procs': '8\n',
  });
  expect(valueOf(listCgroupPids(tree, 'web'))).toEqual([7, 8, 9]);
  expect(valueOf(listCgroupPids(tree, '/sys/fs/cgroup/web'))).toEqual([7, 8, 9]);
});

test('the command line reads it as it reads the kernel that runs', async () => {
  const tree = kernelTree({ ...machineFiles(x86_64), ...memoryOf(x86_64) });
  const run = await thpscope(['predict', '-p', '7', '--json'], '', { kernelRoot: tree.root });
  expect(run.code).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({
    model: 'linux-6.18',
    refused: { SCAN_LACK_REFERENCED_PAGE: { ranges: 2, pages: 30 } },
    processes: [{ pid: 7, command: 'cat' }],
  });
});
