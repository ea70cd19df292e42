import { expect, test } from 'vitest';
import { succeed } from '../../src/core/base/failure.ts';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { kernelTells } from '../../src/linux/kernel/kernel-tells.ts';
import { createPlainChunkBuffer } from '../../src/linux/pages/chunk-buffer.ts';
import { readChunk } from '../../src/linux/pages/chunk-reader.ts';
import { UNCOUNTED } from '../../src/linux/pages/large-folios.ts';
import { PAGEMAP_HIGH } from '../../src/linux/pages/pagemap.ts';
import { PageNumbers } from '../../src/linux/pages/shared-pages.ts';
import type { SmapsVma } from '../../src/linux/pages/smaps.ts';
import { valueOf } from '../support/ranges.ts';

const PMD = rangeBytes(x86_64);

/** Both ranges of a VMA whose first 16 pages of each are present, read without privilege. */
function read(sums: Partial<SmapsVma>): RangeState[] {
  const vma: SmapsVma = {
    start: 0,
    end: 2 * PMD,
    name: '',
    anonymous: true,
    flags: [],
    thpEligible: true,
    rssBytes: 32 * 4096,
    swapBytes: 0,
    anonymousBytes: 32 * 4096,
    referencedBytes: 32 * 4096,
    lazyFreeBytes: 0,
    pmdMappedBytes: 0,
    privateBytes: undefined,
    sharedBytes: undefined,
    ksmBytes: 0,
    ...sums,
  };
  const pagemap = {
    fd: -1,
    read(_: number, entries: Int32Array) {
      for (let page = 0; page < 1024; page++)
        entries[2 * page + 1] = page % 512 < 16 ? PAGEMAP_HIGH.present | PAGEMAP_HIGH.exclusive : 0;
      return succeed(undefined);
    },
    close() {},
  };
  const buffer = createPlainChunkBuffer(32);
  const tools = {
    geometry: x86_64,
    pagemap,
    scan: undefined,
    flags: undefined,
    tells: kernelTells('6.18.44'),
    numbers: new PageNumbers(),
    buffer,
  };
  return valueOf(readChunk(tools, vma, { start: 0, end: 2 * PMD, scanned: undefined }, UNCOUNTED));
}

function listsOf(fact: 'unreferenced' | 'lazyfree', sums: Partial<SmapsVma>): (string | undefined)[] {
  return read(sums).map(({ facts }) => facts[fact] && formatPages(facts[fact]));
}

test('a fact of the whole VMA is one of each of its ranges', () => {
  expect(listsOf('unreferenced', { referencedBytes: 0 })).toEqual(['0-511', '0-511']);
  expect(listsOf('unreferenced', {})).toEqual(['', '']);
  expect(listsOf('lazyfree', {})).toEqual(['', '']);
  for (const { facts } of read({})) expect(facts.lazyfree).toHaveLength(16);
});

test('which pages were used is unknown where only a part was', () => {
  const part = { referencedBytes: 16 * 4096 };
  expect(listsOf('unreferenced', part)).toEqual([undefined, undefined]);
  expect(listsOf('unreferenced', { ...part, lazyFreeBytes: 16 * 4096 })).toEqual([undefined, undefined]);
});

test('of droppable memory no page is MADV_FREE, and which of those that look like it were used is unknown', () => {
  const droppable = { flags: ['dp'], referencedBytes: 16 * 4096, lazyFreeBytes: 16 * 4096 };
  expect(listsOf('lazyfree', droppable)).toEqual(['', '']);
  expect(listsOf('unreferenced', droppable)).toEqual([undefined, undefined]);
});
