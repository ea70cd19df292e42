import { expect, test } from 'vitest';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { CostMeter, type UnderLocks } from '../../src/linux/cost-meter.ts';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { openPagemap } from '../../src/linux/pages/pagemap.ts';
import { loadPagemapScan } from '../../src/linux/pages/pagemap-scan.ts';
import { readSmaps } from '../../src/linux/pages/smaps.ts';
import { kernelTree, machineFiles, PRESENT, processFiles } from '../support/kernel-tree.ts';

const MS = 1e6;

/** Time that passes when the test says so, and a little whenever somebody asks. */
function handClock(perLookNs = 0) {
  const now = { wallNs: 0, cpuNs: 0 };
  return {
    now,
    wallNs: () => (now.wallNs += perLookNs),
    cpuNs: () => (now.cpuNs += perLookNs),
  };
}

/** Processes with a PMD range each, and so many resident pages by statm. */
function machineWith(residentPages: Readonly<Record<number, number>>) {
  const start = 64 * rangeBytes(x86_64);
  const pages = new Map(Array.from({ length: 512 }, (_, i) => [start / 4096 + i, PRESENT] as const));
  const vmas = [{ start, end: start + rangeBytes(x86_64), sums: { Rss: 2048, Referenced: 2048 } }];
  const processes = Object.entries(residentPages).map(([pid, resident]) =>
    processFiles(Number(pid), { vmas, pages, files: { statm: `9000 ${resident} 0 0 0 0 0\n` } }),
  );
  return kernelTree(Object.assign({}, machineFiles(x86_64), ...processes));
}

async function readWith(
  tree: ReturnType<typeof kernelTree>,
  pids: readonly number[],
  options: Parameters<typeof openLiveSource>[3],
  onItem: (item: MemoryItem) => void = () => {},
) {
  const source = await openLiveSource(tree, pids, new Date(0), options);
  if (!source.ok) throw new Error(source.failure.message);
  const items: MemoryItem[] = [];
  for await (const item of source.value.items()) {
    items.push(item);
    onItem(item);
  }
  const read = items.flatMap((item) => (item.kind === 'process' ? item.process.pid : []));
  const leftOut = items.flatMap((item) =>
    item.kind === 'skipped' ? [[item.pid, item.leftOutBytes, item.failure.message]] : [],
  );
  return { read, leftOut, costs: source.value.costs };
}

test('the largest come first, and once the budget is spent the others are named with what they have', async () => {
  const tree = machineWith({ 5: 700, 6: 9000, 7: 800, 8: 512 });
  const clock = handClock();
  const budget = { cpuNs: 10 * MS, text: '10ms' };
  const each = (item: MemoryItem) => void (item.kind === 'process' && (clock.now.cpuNs += 6 * MS));
  const { read, leftOut } = await readWith(tree, [5, 6, 7, 8], { budget, clock }, each);
  expect(read).toEqual([6, 7]);
  const why = 'left out: larger ones took the budget of 10ms of CPU time';
  expect(leftOut).toEqual([
    [5, 700 * 4096, `process 5: ${why}`],
    [8, 512 * 4096, `process 8: ${why}`],
  ]);
});

test('a budget that is not spent leaves nobody out; without one, processes come as they are named', async () => {
  const tree = machineWith({ 5: 700, 6: 9000, 7: 800 });
  const budget = { cpuNs: 1, text: '1ns' };
  expect(await readWith(tree, [7, 5, 6], { budget, clock: handClock() })).toMatchObject({
    read: [6, 7, 5],
    leftOut: [],
  });
  expect((await readWith(tree, [7, 5, 6], { clock: handClock(MS) })).read).toEqual([7, 5, 6]);
});

test('a process costs what making its items takes, and not what is done with them', async () => {
  const tree = machineWith({ 5: 700, 6: 9000 });
  const clock = handClock(MS);
  const slowConsumer = () => {
    clock.now.wallNs += 1e6 * MS;
    clock.now.cpuNs += 1e6 * MS;
  };
  const { costs } = await readWith(tree, [5, 6], { clock }, slowConsumer);
  expect(costs.map(({ pid }) => pid)).toEqual([5, 6]);
  for (const { wallNs, cpuNs, underLocksNs } of costs) {
    expect(cpuNs).toBeGreaterThan(0);
    expect(wallNs).toBeLessThan(1e6 * MS);
    expect(cpuNs).toBeLessThan(1e6 * MS);
    expect(underLocksNs).toBeGreaterThan(0);
    expect(underLocksNs).toBeLessThan(wallNs);
  }
});

test('a meter adds up pieces, those that throw too, and begins anew when it is asked', () => {
  const clock = handClock();
  const pass = (wallMs: number, cpuMs: number) => {
    clock.now.wallNs += wallMs * MS;
    clock.now.cpuNs += cpuMs * MS;
  };
  const meter = new CostMeter(clock);
  meter.work(() => {
    pass(2, 1);
    meter.underLocks(() => pass(5, 4));
  });
  pass(100, 100);
  expect(() =>
    meter.work(() =>
      meter.underLocks(() => {
        pass(3, 2);
        throw new Error('gone');
      }),
    ),
  ).toThrow('gone');
  expect(meter.take()).toEqual({ wallNs: 10 * MS, cpuNs: 7 * MS, underLocksNs: 8 * MS });
  expect(meter.take()).toEqual({ wallNs: 0, cpuNs: 0, underLocksNs: 0 });
});

test('every call that walks the page tables of a process counts as one under its locks', async () => {
  let calls = 0;
  const count: UnderLocks = (call) => {
    calls++;
    return call();
  };
  const callsOf = (work: () => unknown) => {
    calls = 0;
    work();
    return calls;
  };
  const self = RUNNING_KERNEL.process('self');
  expect(callsOf(() => readSmaps(self, count))).toBeGreaterThan(1);
  const pagemap = openPagemap(self, x86_64, count);
  if (!pagemap.ok) throw new Error(pagemap.failure.message);
  expect(callsOf(() => pagemap.value.read(0, new Int32Array(2)))).toBe(1);
  const scan = await loadPagemapScan(pagemap.value.fd, count);
  if (scan) expect(callsOf(() => scan.scan(pagemap.value.fd, 0, 4096))).toBe(1);
  pagemap.value.close();
});
