import { writeFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type * as kernelFile from '../../src/linux/kernel/kernel-file.ts';
import type { KernelTree } from '../../src/linux/kernel/kernel-tree.ts';
import { LargeFolioCounters } from '../../src/linux/pages/large-folios.ts';
import { type KernelFiles, kernelTree } from '../support/kernel-tree.ts';

const { beforeLook } = vi.hoisted(() => ({ beforeLook: vi.fn() }));
vi.mock('../../src/linux/kernel/kernel-file.ts', async (importOriginal) => {
  const real = await importOriginal<typeof kernelFile>();
  const readFully: typeof real.readFully = (...args) => {
    beforeLook();
    return real.readFully(...args);
  };
  return { ...real, readFully };
});
afterEach(() => void beforeLook.mockReset());

const SIZES = ['16', '32', '64', '128', '256', '512', '1024', '2048'];
const THP = 'sys/kernel/mm/transparent_hugepage';

function vmstat(mapped: number, made = 7, splits = 1): string {
  const rest = `thp_fault_alloc ${made}\nthp_fault_fallback 3\nthp_split_pmd ${splits}\n`;
  return `nr_free_pages 5\nnr_anon_transparent_hugepages ${mapped}\n${rest}`;
}

function counted(kB: string): string {
  return `${THP}/hugepages-${kB}kB/stats/nr_anon`;
}

/** A machine with so many large folios of each size, and so many that PMD entries map. */
function machine(folios: Readonly<Record<string, number>>, mapped: number, sizes = SIZES): KernelFiles {
  const files = sizes.map((kB) => [counted(kB), `${folios[kB] ?? 0}\n`]);
  return { 'proc/vmstat': vmstat(mapped), ...Object.fromEntries(files) };
}

function smallestOf(files: KernelFiles): number | undefined {
  return open(kernelTree(files))?.read().smallest;
}

function open(tree: KernelTree): LargeFolioCounters | undefined {
  return LargeFolioCounters.open(tree, x86_64);
}

test('PMD entries map every large folio where both counters say the same', () => {
  expect(smallestOf(machine({ 2048: 1628 }, 1628))).toBe(10);
  expect(smallestOf(machine({}, 0))).toBe(10);
});

test('not with one that is split, unmapped or being made', () => {
  expect(smallestOf(machine({ 2048: 1629 }, 1628))).toBe(9);
  expect(smallestOf(machine({ 2048: 1627 }, 1628))).toBe(9);
});

test('not with smaller ones: the smallest order that has any is told', () => {
  expect(smallestOf(machine({ 64: 1, 2048: 5 }, 5))).toBe(4);
  expect(smallestOf(machine({ 1024: 3, 2048: 5 }, 5))).toBe(8);
  expect(smallestOf(machine({ 16: 1, 512: 1 }, 5))).toBe(2);
});

test('where a size is not counted, or nothing is, nothing is known', () => {
  expect(smallestOf(machine({}, 0, SIZES.slice(1)))).toBeUndefined();
  expect(smallestOf({ 'proc/vmstat': vmstat(0) })).toBeUndefined();
  expect(smallestOf({ ...machine({}, 0), 'proc/vmstat': 'nr_free_pages 5\n' })).toBe(9);
});

test('sizes whose huge pages vmstat may not have counted yet are not believed', () => {
  const tree = kernelTree({ 'proc/vmstat': vmstat(0), [counted('16')]: '0\n', [counted('256')]: '0\n' });
  expect(LargeFolioCounters.open(tree, { pageShift: 12, pmdOrder: 6 })).toBeUndefined();
});

test('where the kernel counts no events, that PMD entries map all of them is not believed', () => {
  const text = vmstat(5).replace(/^thp_.*\n/gm, '');
  expect(smallestOf({ ...machine({ 2048: 5 }, 5), 'proc/vmstat': text })).toBe(9);
});

test('a huge page that goes between two looks does not stand for one that is split', () => {
  const tree = kernelTree(machine({ 2048: 7 }, 6));
  const counters = open(tree) as LargeFolioCounters;
  let looks = 0;
  beforeLook.mockImplementation(() => {
    // vmstat was read once, and the sizes below.
    if (++looks !== SIZES.length + 1) return;
    writeFileSync(`${tree.root}/proc/vmstat`, vmstat(5));
    writeFileSync(`${tree.root}/${counted('2048')}`, '6\n');
  });
  expect(counters.read().smallest).toBe(9);
  counters.close();
});

test('what is never still is not believed', () => {
  const tree = kernelTree(machine({ 2048: 5 }, 5));
  const counters = open(tree) as LargeFolioCounters;
  let made = 7;
  beforeLook.mockImplementation(() => writeFileSync(`${tree.root}/proc/vmstat`, vmstat(5, made++)));
  expect(counters.read().smallest).toBe(9);
  beforeLook.mockReset();
  expect(counters.read().smallest).toBe(10);
  counters.close();
});

test.each([
  ['nothing', {}, true],
  ['events of no matter', { 'proc/vmstat': vmstat(5).replace('fallback 3', 'fallback 4') }, true],
  ['a huge page that came and went', { 'proc/vmstat': vmstat(5, 8) }, true],
  ['a huge page more', { 'proc/vmstat': vmstat(6, 8), [counted('2048')]: '6\n' }, true],
  ['one that is just being made', { 'proc/vmstat': vmstat(5), [counted('2048')]: '6\n' }, true],
  ['a split', { 'proc/vmstat': vmstat(4, 7, 2) }, false],
  ['a split of which nothing is left', { 'proc/vmstat': vmstat(5, 7, 2) }, false],
  ['a folio of 64K', { [counted('64')]: '1\n' }, false],
])('what held before holds after %s: %s', (_, files: Record<string, string>, holds) => {
  const tree = kernelTree(machine({ 2048: 5 }, 5));
  const counters = open(tree) as LargeFolioCounters;
  const before = counters.read();
  for (const [name, text] of Object.entries(files)) writeFileSync(`${tree.root}/${name}`, text);
  expect(counters.stillHolds(before)).toBe(holds);
  counters.close();
});

test('where some folios are split, those of the PMD size may come and go, smaller ones not', () => {
  const tree = kernelTree(machine({ 2048: 6 }, 5));
  const counters = open(tree) as LargeFolioCounters;
  const before = counters.read();
  writeFileSync(`${tree.root}/proc/vmstat`, vmstat(9, 30, 4));
  expect(counters.stillHolds(before)).toBe(true);
  writeFileSync(`${tree.root}/${counted('32')}`, '1\n');
  expect(counters.stillHolds(before)).toBe(false);
  counters.close();
});

test('what was made is told while no smaller folio is there', () => {
  const madeOf = (files: KernelFiles) => open(kernelTree(files))?.read().made;
  expect(madeOf(machine({ 2048: 6 }, 5))).not.toBe(
    madeOf({ ...machine({ 2048: 6 }, 5), 'proc/vmstat': vmstat(5, 8) }),
  );
  expect(madeOf(machine({ 2048: 6 }, 5))).toBe(madeOf(machine({ 2048: 5 }, 5)));
  expect(madeOf(machine({ 64: 1 }, 5))).toBeUndefined();
});
