import { describe, expect, test } from 'vitest';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { listCgroupPids } from '../../src/linux/processes/process.ts';
import { type KernelFiles, kernelTree, machineFiles, PRESENT, processFiles } from '../support/kernel-tree.ts';
import { valueOf } from '../support/ranges.ts';

const PMD = rangeBytes(x86_64);
const THP = 'sys/kernel/mm/transparent_hugepage';

/** Process 7 of an x86-64 machine, with these files in the place of sound ones. */
async function read(files: KernelFiles): Promise<MemoryItem[]> {
  const pages = new Map([[(64 * PMD) / 4096, PRESENT]]);
  const sums = { Rss: 4, Referenced: 4 };
  const sound = processFiles(7, { vmas: [{ start: 64 * PMD, end: 65 * PMD, sums }], pages });
  const tree = kernelTree({ ...machineFiles(x86_64), ...sound, ...files });
  const items: MemoryItem[] = [];
  for await (const item of valueOf(await openLiveSource(tree, [7], new Date(0))).items()) items.push(item);
  return items;
}

const HEADER = '08000000-08200000 rw-p 00000000 00:00 0 \n';

describe('a process whose files cannot be is skipped, and no number of it is NaN', () => {
  test.each([
    ['smaps', `${HEADER}Rss:                many kB\n`],
    ['smaps', `${HEADER}Rss:                  -4 kB\n`],
    ['smaps', `${HEADER}Swap:      9999999999999 kB\n`],
    ['smaps', '08200000-08000000 rw-p 00000000 00:00 0 \n'],
    ['smaps', '08000000-08000000 rw-p 00000000 00:00 0 \n'],
    ['smaps', `${HEADER}08100000-08180000 rw-p 00000000 00:00 0 \n`],
    ['stat', '7 (cat) S 1 2 3\n'],
    ['stat', ''],
  ])('%s: %j', async (name, text) => {
    const items = await read({ [`proc/7/${name}`]: text });
    expect(items.flatMap((item) => (item.kind === 'skipped' ? [item.failure.kind] : []))).toEqual([
      'unreadable',
    ]);
    expect(JSON.stringify(items)).not.toMatch(/NaN|null/);
  });

  test('a VMA that grew over the one before while it was read is told from where that ended', async () => {
    const items = await read({ 'proc/7/smaps': `${HEADER}08100000-08300000 rw-p 00000000 00:00 0 \n` });
    expect(items.flatMap((item) => (item.kind === 'vma' ? [[item.vma.start, item.vma.end]] : []))).toEqual([
      [0x08000000, 0x08200000],
      [0x08200000, 0x08300000],
    ]);
  });

  test('what is missing or unknown is left out', async () => {
    const items = await read({ 'proc/7/status': 'Name:\tcat\nTgid:\t7\nVmSize:\t4 kB\nVmPin:\tnone\n' });
    const [process] = items.flatMap((item) => (item.kind === 'process' ? [item.process] : []));
    expect(process).toMatchObject({ pid: 7, thpDisabled: undefined, pinnedBytes: undefined });
  });
});

test.each([
  ['hpage_pmd_size', { [`${THP}/hpage_pmd_size`]: 'huge\n' }],
  ['hpage_pmd_size', { [`${THP}/hpage_pmd_size`]: '0\n' }],
  ['hpage_pmd_size', { [`${THP}/hpage_pmd_size`]: '1048577\n' }],
  ['auxv', { 'proc/self/auxv': new Uint8Array(new BigUint64Array([6n, 5000n, 0n, 0n]).buffer) }],
])('a machine whose pages cannot be is not read: %s', async (_, files) => {
  const source = await openLiveSource(kernelTree({ ...machineFiles(x86_64), ...files }), [7], new Date(0));
  expect(source).toMatchObject({ failure: { kind: 'unsupported' } });
});

test('rights that are no number are none', async () => {
  const items = await read({ 'proc/self/status': 'Name:\tnode\nTgid:\t1\nCapEff:\t000001ffffffffff-\n' });
  expect(items[0]).toMatchObject({ kind: 'note', message: expect.stringContaining('run as root') });
});

test('an empty control group is not the whole machine', () => {
  const tree = kernelTree({ 'sys/fs/cgroup/cgroup.procs': '7\n' });
  expect(listCgroupPids(tree, '')).toMatchObject({ failure: { kind: 'usage' } });
  expect(valueOf(listCgroupPids(tree, '/'))).toEqual([7]);
});
