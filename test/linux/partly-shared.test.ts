import { expect, test } from 'vitest';
import { succeed } from '../../src/core/base/failure.ts';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { kernelTells } from '../../src/linux/kernel/kernel-tells.ts';
import { createPlainChunkBuffer } from '../../src/linux/pages/chunk-buffer.ts';
import { readChunk } from '../../src/linux/pages/chunk-reader.ts';
import { KPF, PageFlags } from '../../src/linux/pages/page-flags.ts';
import { PAGEMAP_HIGH } from '../../src/linux/pages/pagemap.ts';
import { PageNumbers } from '../../src/linux/pages/shared-pages.ts';
import type { SmapsVma } from '../../src/linux/pages/smaps.ts';
import { kernelTree } from '../support/kernel-tree.ts';
import { valueOf } from '../support/ranges.ts';

const PMD = rangeBytes(x86_64);
/** The frames of a huge page, which begins in the middle of an aligned block of 1,024. */
const HEAD = 2048 + 512;
/** A frame of the same block that is a small page. */
const SMALL = 2048 + 5;

/**
 * A range in a VMA of which smaps says that something is shared; `frames` are those of its first pages.
 * Others map `mappedTwice` once more, which pagemap shows where PTEs map it. The counters say that PMD
 * entries map all large folios.
 */
function read(
  frames: readonly number[],
  pmdMapped: boolean,
  mappedTwice: number,
  { asRoot = true } = {},
): RangeState {
  const huge = Array.from({ length: 512 }, (_, i) => HEAD + i);
  const flagsOf = (frame: number) => BigInt(KPF.large | (frame === HEAD ? KPF.head : KPF.tail));
  const tree = kernelTree({
    'proc/kpageflags': new Map([...huge.map((frame) => [frame, flagsOf(frame)] as const), [4096, 0n]]),
    'proc/kpagecount': new Map([
      ...[...huge, SMALL].map((frame) => [frame, frame === mappedTwice ? 2n : 1n] as const),
      [4096, 0n],
    ]),
  });
  const flags = PageFlags.open(tree);
  if (!flags) throw new Error('no page flags');
  const bytes = frames.length * 4096;
  const vma: SmapsVma = {
    start: 0,
    end: PMD,
    name: '',
    anonymous: true,
    flags: [],
    thpEligible: true,
    rssBytes: bytes,
    swapBytes: 0,
    anonymousBytes: bytes,
    referencedBytes: bytes,
    lazyFreeBytes: 0,
    pmdMappedBytes: pmdMapped ? bytes : 0,
    privateBytes: 0,
    sharedBytes: bytes,
    ksmBytes: 0,
  };
  const pagemap = {
    fd: -1,
    read(address: number, entries: Int32Array) {
      for (let i = 0; i < entries.length / 2; i++) {
        const frame = frames[address / 4096 + i];
        entries[2 * i] = frame ?? 0;
        if (frame === undefined) entries[2 * i + 1] = 0;
        else if (frame === mappedTwice && !pmdMapped) entries[2 * i + 1] = PAGEMAP_HIGH.present;
        else entries[2 * i + 1] = PAGEMAP_HIGH.present | PAGEMAP_HIGH.exclusive;
      }
      return succeed(undefined);
    },
    close() {},
  };
  const none = new Uint32Array(16);
  const present = none.map((_, word) => (32 * word < frames.length ? 0xffffffff : 0));
  const scanned = {
    present,
    swap: none,
    zero: none,
    guard: none,
    pmdMapped: Uint8Array.of(Number(pmdMapped)),
  };
  const tools = {
    geometry: x86_64,
    pagemap,
    scan: {
      tellsGuards: true,
      scan: () => ({ regions: new Uint32Array(0), walkEnd: PMD }),
      scanPresent: () => ({ regions: new Uint32Array(0), walkEnd: PMD }),
    },
    flags: asRoot ? flags : undefined,
    tells: kernelTells('6.18.44'),
    numbers: new PageNumbers(),
    buffer: createPlainChunkBuffer(16),
  };
  const counts = { smallest: 10, made: 'a', splits: '0' };
  const chunk = { start: 0, end: PMD, scanned };
  const [range] = valueOf(readChunk(tools, vma, chunk, counts));
  flags.close();
  return range;
}

const sharedPages = ({ facts }: RangeState) => facts.shared && formatPages(facts.shared);
const HUGE = Array.from({ length: 512 }, (_, i) => HEAD + i);

test('a huge page that a PMD entry maps is shared if others map any page of it', () => {
  expect(sharedPages(read(HUGE, true, HEAD + 300))).toBe('0-511');
  expect(sharedPages(read(HUGE, true, -1))).toBe('');
});

test('pages of a huge page that others map by a PMD entry are looked for beside small pages', () => {
  const frames = [SMALL, ...HUGE.slice(1, 32)];
  const range = read(frames, false, HEAD + 300);
  expect([...(range.folioOrders ?? [])].slice(0, 33)).toEqual([0, ...Array(31).fill(9), 0]);
  expect(sharedPages(range)).toBe('1-31');
});

test('of a huge page that PTEs map root knows that all is shared, a user each page for itself', () => {
  expect(sharedPages(read(HUGE, false, HEAD + 300))).toBe('0-511');
  expect(sharedPages(read(HUGE, false, HEAD + 300, { asRoot: false }))).toBe('300');
});
