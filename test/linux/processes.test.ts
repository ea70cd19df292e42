import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { listCgroupPids, listUserPids } from '../../src/linux/processes/process.ts';
import {
  type KernelFiles,
  kernelTree,
  machineFiles,
  type Pages,
  PRESENT,
  processFiles,
} from '../support/kernel-tree.ts';
import { messageOf, valueOf } from '../support/ranges.ts';
import { thpscope } from '../support/thpscope.ts';

const RANGE = rangeBytes(x86_64);
const START = 64 * RANGE;
const pages: Pages = new Map(Array.from({ length: 512 }, (_, i) => [START / 4096 + i, PRESENT]));
const sums = { Rss: 2048, Referenced: 2048 };
const memory = { vmas: [{ start: START, end: START + RANGE, sums }], pages };

/** A stat file of process 7 in a state, with flags of the task. */
function statOf(state: string, flags = 0): string {
  const fields = [state, ...Array<number>(5).fill(0), flags, ...Array<number>(12).fill(0), 4242];
  return `7 (cat) ${fields.join(' ')} ${Array<number>(30).fill(0).join(' ')}\n`;
}

const STATUS = 'Name:\tcat\nTgid:\t7\nPid:\t7\nUid:\t0\t0\t0\t0\n';

function treeOf(files: KernelFiles) {
  return kernelTree({ ...machineFiles(x86_64), ...files });
}

async function itemsOf(tree: ReturnType<typeof kernelTree>): Promise<MemoryItem[]> {
  const items: MemoryItem[] = [];
  for await (const item of valueOf(await openLiveSource(tree, [7], new Date(0))).items()) items.push(item);
  return items;
}

async function refusalOf(stat: string): Promise<string | undefined> {
  const files = processFiles(7, { ...memory, files: { status: STATUS, stat } });
  const items = await itemsOf(treeOf(files));
  return items.flatMap((item) => (item.kind === 'skipped' ? [item.failure.message] : []))[0];
}

describe('a process without memory is called what it is', () => {
  test.each([
    ['a kernel thread', statOf('S', 0x200000), 'a kernel thread, it has no memory of its own'],
    ['a zombie', statOf('Z', 0x4), 'a zombie, it has no memory of its own'],
    ['one that is ending', statOf('R', 0x4), 'it is ending, its memory is gone or going'],
  ])('%s', async (_, stat, message) => {
    expect(await refusalOf(stat)).toBe(`process 7 (cat): ${message}`);
  });
});

test('a process whose main thread has ended is read through one that lives on', async () => {
  const main = { status: `${STATUS}State:\tZ (zombie)\n`, stat: statOf('Z', 0x4), statm: '0 0 0 0 0 0 0\n' };
  const thread = Object.entries(processFiles(7, memory)).map(
    ([name, content]) => [name.replace('proc/7/', 'proc/7/task/9/'), content] as const,
  );
  const tree = treeOf({
    ...processFiles(7, { vmas: [], pages, files: main }),
    ...Object.fromEntries(thread),
  });
  expect(listUserPids(tree)).toEqual([7]);
  const ranges = (await itemsOf(tree)).flatMap((item) => (item.kind === 'ranges' ? item.ranges : []));
  expect(ranges).toHaveLength(1);
});

test('before Linux 5.0 nothing tells of prctl: that is assumed, and named', async () => {
  const old = processFiles(7, { ...memory, files: { status: `${STATUS}VmSize:\t400 kB\n` } });
  const told = processFiles(7, memory);
  for (const [files, isAssumed] of [
    [old, true],
    [told, false],
  ] as const) {
    const kernelRoot = treeOf(files).root;
    const { stdout } = await thpscope(['predict', '-p', '7', '--json'], '', { kernelRoot });
    expect(JSON.parse(stdout).assumed.includes('prctl')).toBe(isAssumed);
    const { stdout: text } = await thpscope(['predict', '-p', '7'], '', { kernelRoot });
    expect(text.includes('no prctl(PR_SET_THP_DISABLE)')).toBe(isAssumed);
    const simulated = await thpscope(['simulate', '-p', '7'], '', { kernelRoot });
    expect(simulated.stdout.includes('no prctl(PR_SET_THP_DISABLE)')).toBe(isAssumed);
  }
});

test('how much is pinned for long is said, and how many ranges that is at least', async () => {
  const four = new Map(Array.from({ length: 4 * 512 }, (_, i) => [START / 4096 + i, PRESENT]));
  const status = `${STATUS}VmSize:\t400 kB\nVmPin:\t4097 kB\nTHP_enabled:\t1\n`;
  const vmas = [{ start: START, end: START + 4 * RANGE, sums: { Rss: 8192, Referenced: 8192 } }];
  const kernelRoot = treeOf(processFiles(7, { vmas, pages: four, files: { status } })).root;
  const { stdout } = await thpscope(['predict', '-p', '7'], '', { kernelRoot });
  expect(stdout).toMatch(/pinned +4M for long \(VmPin: .*\): the PMD ranges that hold them, 3 or more/);
  const { stdout: simulated } = await thpscope(['simulate', '-p', '7'], '', { kernelRoot });
  expect(simulated).toContain('no page is pinned where something would collapse');
});

describe('a control group', () => {
  const groups = (files: KernelFiles) =>
    kernelTree(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`sys/fs/cgroup/${name}`, text])),
    );

  test('that is threaded lists no processes: its parent does', () => {
    const tree = groups({ 'web/cgroup.procs': '7\n', 'web/t/cgroup.type': 'threaded\n' });
    expect(messageOf(listCgroupPids(tree, 'web/t'))).toMatch(/is threaded, .*; give its parent, .*\/web$/);
  });

  test('that is empty has nothing to read', () => {
    const tree = groups({ 'web/cgroup.procs': '', 'web/below/cgroup.procs': '\n' });
    expect(messageOf(listCgroupPids(tree, 'web'))).toBe(
      'cgroup web: holds no process, and neither does a group below it',
    );
  });
});

test('a kernel without huge pages is predicted with the defaults, and so are its recordings', async () => {
  const { enabled, ...files } = Object.fromEntries(
    Object.entries(machineFiles(x86_64)).map(([name, content]) => [
      name.endsWith('transparent_hugepage/enabled') ? 'enabled' : name,
      content,
    ]),
  );
  expect(enabled).toBeDefined();
  const kernelRoot = kernelTree({ ...files, ...processFiles(7, memory) }).root;
  const { stdout, stderr } = await thpscope(['predict', '-p', '7'], '', { kernelRoot });
  expect(stdout).toContain('enabled always, sizes: 2M inherit');
  expect(stderr).toContain('without THP settings');
});

describe('page flags that may not be read: the capability that is missing is named', () => {
  const bit = (capability: number) => (1n << BigInt(capability)).toString(16).padStart(16, '0');
  test.each([
    ['neither', '0'.repeat(16), /run as root \(CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH\) to see them$/],
    [
      'CAP_SYS_ADMIN',
      bit(21),
      /has CAP_SYS_ADMIN but not CAP_DAC_READ_SEARCH, which \/proc\/kpageflags needs$/,
    ],
    [
      'CAP_DAC_READ_SEARCH',
      bit(2),
      /has CAP_DAC_READ_SEARCH but not CAP_SYS_ADMIN, which \/proc\/PID\/pagemap needs$/,
    ],
  ])('%s', async (_, capabilities, message) => {
    const status = `Name:\tnode\nTgid:\t1\nCapEff:\t${capabilities}\n`;
    const tree = treeOf({ ...processFiles(7, memory), 'proc/self/status': status });
    const notes = (await itemsOf(tree)).flatMap((item) => (item.kind === 'note' ? [item.message] : []));
    expect(notes[0]).toMatch(message);
  });
});

test('a recording keeps a default that was taken, the pace, and what was noted', async () => {
  const THP = 'sys/kernel/mm/transparent_hugepage';
  const { [`${THP}/khugepaged/max_ptes_shared`]: _, ...old } = machineFiles(x86_64, {
    [`${THP}/khugepaged/pages_to_scan`]: '65536\n',
    [`${THP}/khugepaged/scan_sleep_millisecs`]: '1000\n',
    [`${THP}/khugepaged/alloc_sleep_millisecs`]: '60000\n',
    [`${THP}/khugepaged/defrag`]: '1\n',
  });
  const kernelRoot = kernelTree({ ...old, ...processFiles(7, memory) }).root;
  const file = join(kernelRoot, 'c.parquet');
  expect((await thpscope(['capture', '-p', '7', '-o', file], '', { kernelRoot })).code).toBe(0);
  const predicted = await thpscope(['predict', file]);
  expect(predicted.stdout).toContain('max_ptes_shared 256');
  expect(predicted.stderr).toContain('max_ptes_shared of khugepaged is not there or may not be read');
  expect((await thpscope(['simulate', file])).stdout).toContain('pages_to_scan 65536 every 1s');
});

test('addresses of five levels of page tables are simulated as they are predicted', async () => {
  const start = 2 ** 50;
  const far: Pages = new Map(Array.from({ length: 300 }, (_, i) => [start / 4096 + i, PRESENT] as const));
  const vmas = [{ start, end: start + RANGE, sums: { Rss: 1200, Referenced: 1200 } }];
  const kernelRoot = treeOf(processFiles(7, { vmas, pages: far })).root;
  const predicted = JSON.parse((await thpscope(['predict', '-p', '7', '--json'], '', { kernelRoot })).stdout);
  expect(predicted.totals.collapses).toEqual({ '9': 1 });
  const simulated = await thpscope(['simulate', '-p', '7', '--json'], '', { kernelRoot });
  expect(JSON.parse(simulated.stdout).summary).toMatchObject({ collapses: 1, rssPages: 512 });
});
