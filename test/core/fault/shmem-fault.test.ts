import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../../support/seed.ts';
import { ShmemFaults } from '../../../src/core/fault/shmem-fault.ts';
import type { CacheRange } from '../../../src/core/memory/cache-range.ts';
import { geometryOfPmdOrder, x86_64 } from '../../../src/core/memory/geometry.ts';
import { emptyOccupancy, hasPage, setPage } from '../../../src/core/memory/occupancy.ts';
import { asOrder, ordersOf } from '../../../src/core/memory/order.ts';
import type { CachedFile, CacheKind } from '../../../src/core/rules/page-cache.ts';
import {
  HUGE_MOUNT_WORDS,
  type HugeMountWord,
  SHMEM_SIZE_WORDS,
  SHMEM_WORDS,
  type ShmemSettings,
  type ShmemSizeWord,
  type ShmemWord,
  shmemOrders,
} from '../../../src/core/rules/shmem-settings.ts';

const PAGE = 4096;

interface Memory {
  readonly kind: CacheKind;
  readonly mount?: HugeMountWord;
  readonly top: ShmemWord;
  /** Words by order; others are never. */
  readonly sizes: Readonly<Record<number, ShmemSizeWord>>;
  readonly advised?: boolean;
  /** Pages of the VMA, and of the file where they differ. */
  readonly pages?: number;
  readonly filePages?: number;
  /** Pages by which the VMA lies behind a PMD border. */
  readonly skew?: number;
}

/** What faults at these pages leave: folios as first+pages, in order. */
function faulted(memory: Memory, touched: readonly number[]): string {
  const { pages = 1024, filePages = pages, kind, mount, top, sizes, advised = false, skew = 0 } = memory;
  const file: CachedFile = { id: '0:1:2', kind, name: '', bytes: filePages * PAGE, hugeMount: mount };
  const start = (512 * 7 + skew) * PAGE;
  const vma = {
    start,
    end: start + pages * PAGE,
    flags: advised ? ['hg'] : [],
    mapping: { file: file.id, offset: 0 },
  };
  const words = new Map(Object.entries(sizes).map(([order, word]) => [asOrder(Number(order)), word]));
  const faults = new ShmemFaults(vma, file, { enabled: top, sizes: words }, x86_64, false);
  const cached = new Set<number>();
  const folios: [number, number][] = [];
  for (const page of touched) {
    if (cached.has(page)) continue;
    const isEmpty = (first: number, count: number) =>
      Array.from({ length: count }, (_, i) => first + i).every((each) => !cached.has(each));
    const order = faults.orderAt(page, isEmpty) ?? 0;
    const first = Math.floor(page / 2 ** order) * 2 ** order;
    for (let i = 0; i < 2 ** order; i++) cached.add(first + i);
    folios.push([first, 2 ** order]);
  }
  return folios
    .sort(([a], [b]) => a - b)
    .map(([first, count]) => `${first}+${count}`)
    .join(' ');
}

const all = (word: ShmemSizeWord) => Object.fromEntries(ordersOf(shmemOrders(x86_64)).map((k) => [k, word]));

describe('page faults of shared memory do what Linux 7.2.13 and 7.3.4 were seen to do:', () => {
  const both = ['shared-anonymous', 'internal'] as const;
  const [HUGE, SMALL] = ['0+512', '37+1'];

  test.each<[ShmemWord, string, string]>([
    ['never', SMALL, SMALL],
    ['always', HUGE, HUGE],
    ['within_size', HUGE, HUGE],
    ['advise', SMALL, HUGE],
    ['deny', SMALL, SMALL],
  ])('shmem_enabled %s that all sizes inherit', (top, plain, advised) => {
    for (const kind of both) {
      expect(faulted({ kind, top, sizes: all('inherit') }, [37])).toBe(plain);
      expect(faulted({ kind, top, sizes: all('inherit'), advised: true }, [37])).toBe(advised);
    }
    // A mount of its own: only deny and force of the top level count.
    const tmpfs = { kind: 'tmpfs', top, sizes: all('inherit') } as const;
    expect(faulted({ ...tmpfs, mount: 'never' }, [37])).toBe(SMALL);
    expect(faulted({ ...tmpfs, mount: 'advise', advised: true }, [37])).toBe(top === 'deny' ? SMALL : HUGE);
  });

  test.each<[ShmemWord, string]>([
    ['never', '37+1'],
    ['always', '32+16'],
    ['within_size', '32+16'],
    ['advise', '37+1'],
    ['deny', '37+1'],
  ])('shmem_enabled %s that 64K alone inherits', (top, folio) => {
    for (const kind of both) expect(faulted({ kind, top, sizes: { 4: 'inherit' } }, [37])).toBe(folio);
    const always = top === 'deny' ? '37+1' : '32+16';
    for (const kind of both) expect(faulted({ kind, top, sizes: { 4: 'always' } }, [37])).toBe(always);
  });

  test('force takes what inherits, and of every mount the PMD size', () => {
    const force = { top: 'force', sizes: { 9: 'inherit', 4: 'always' }, pages: 600 } as const;
    expect(faulted({ kind: 'internal', ...force }, [37, 590])).toBe('0+512 590+1');
    expect(faulted({ kind: 'tmpfs', mount: 'never', ...force }, [37, 590])).toBe('0+512 590+1');
    expect(faulted({ kind: 'shared-anonymous', top: 'force', sizes: { 4: 'always' } }, [37])).toBe('37+1');
  });

  test.each<[string, Omit<Memory, 'kind'>, number[], string]>([
    ['largest', { top: 'never', sizes: all('always'), pages: 1000 }, [37, 999, 600], '0+512 512+256 992+8'],
    ['the VMA ends', { top: 'never', sizes: all('always'), pages: 507 }, [506, 37], '0+256 506+1'],
    ['8K', { top: 'never', sizes: { 1: 'always' } }, [37], '36+2'],
    [
      'what is there',
      { top: 'never', sizes: { 2: 'always', 4: 'always', 6: 'always' }, pages: 90 },
      [37, 80, 88],
      '0+64 80+4 88+1',
    ],
    ['odd addresses', { top: 'never', sizes: all('always'), skew: 3 }, [37, 3, 261], '3+1 37+1 261+1'],
    ['a skew of 64K', { top: 'never', sizes: { 4: 'always' }, skew: 16 }, [37], '32+16'],
    ['a skew of 32K', { top: 'never', sizes: { 4: 'always' }, skew: 8 }, [37], '37+1'],
    ['a skew of 32K', { top: 'never', sizes: { 3: 'always', 4: 'always' }, skew: 8 }, [37], '32+8'],
    ['within_size', { top: 'never', sizes: all('within_size'), pages: 600 }, [37, 599], '0+512 592+8'],
    ['within_size', { top: 'never', sizes: all('within_size'), pages: 603 }, [602, 520], '512+64 602+1'],
    ['within_size', { top: 'never', sizes: all('within_size'), filePages: 590 }, [585], '584+4'],
    [
      'within_size of a size: advice is no matter',
      { top: 'never', sizes: all('within_size'), filePages: 589, advised: true },
      [588],
      '588+1',
    ],
    ['advise', { top: 'never', sizes: { 4: 'advise' }, advised: true }, [37], '32+16'],
    ['advise', { top: 'never', sizes: { 4: 'advise' } }, [37], '37+1'],
    ['within_size', { top: 'within_size', sizes: { 4: 'inherit' }, filePages: 591 }, [588], '576+16'],
    ['within_size', { top: 'within_size', sizes: { 4: 'inherit' }, filePages: 589 }, [588], '588+1'],
    [
      'within_size of the top level, or advice',
      { top: 'within_size', sizes: { 4: 'inherit' }, filePages: 589, advised: true },
      [588],
      '576+16',
    ],
  ])('%s', (_, memory, touched, folios) => {
    for (const kind of both) expect(faulted({ kind, ...memory }, touched)).toBe(folios);
  });

  test.each<[HugeMountWord, Partial<Memory>, number[], string]>([
    ['always', { pages: 600 }, [37, 599], '0+512 592+8'],
    ['always', { filePages: 590 }, [585], '512+512'],
    ['within_size', { pages: 603 }, [602, 520], '512+64 602+1'],
    ['within_size', { filePages: 590, advised: true }, [585], '584+4'],
    ['within_size', { filePages: 589 }, [588], '588+1'],
    ['within_size', { filePages: 589, advised: true }, [588], '512+512'],
    ['advise', { pages: 600, advised: true }, [599, 520], '512+64 592+8'],
    ['advise', { pages: 600 }, [37, 599], '37+1 599+1'],
    ['never', { advised: true }, [37], '37+1'],
  ])('tmpfs with huge=%s', (mount, memory, touched, folios) => {
    expect(faulted({ kind: 'tmpfs', mount, top: 'never', sizes: {}, ...memory }, touched)).toBe(folios);
  });
});

test('MADV_NOHUGEPAGE and prctl leave small pages', () => {
  const file: CachedFile = { id: '', kind: 'internal', name: '' };
  const settings: ShmemSettings = { enabled: 'always', sizes: new Map([[asOrder(9), 'always']]) };
  const at = (flags: string[], disabled: boolean) => {
    const vma = { start: 0, end: 1024 * PAGE, flags, mapping: { file: '', offset: 0 } };
    return new ShmemFaults(vma, file, settings, x86_64, disabled).orderAt(37, () => true);
  };
  expect([at([], false), at(['nh'], false), at([], true)]).toEqual([9, undefined, undefined]);
});

test('a restart is what page faults leave, in whatever order pages are touched', () => {
  const geometry = geometryOfPmdOrder(4);
  const word = fc.constantFrom(...SHMEM_SIZE_WORDS);
  fc.assert(
    fc.property(
      fc.record({
        kind: fc.constantFrom<CacheKind>('shared-anonymous', 'internal', 'tmpfs'),
        mount: fc.constantFrom(...HUGE_MOUNT_WORDS),
        top: fc.constantFrom(...SHMEM_WORDS),
        words: fc.tuple(word, word, word, word),
        advised: fc.boolean(),
        start: fc.nat(5),
        skew: fc.constantFrom(0, 1, 2, 4, 8, 16),
        end: fc.integer({ min: 6, max: 20 }),
        filePages: fc.integer({ min: 1, max: 20 }),
      }),
      fc.uniqueArray(fc.nat(15), { maxLength: 8 }),
      ({ kind, mount, top, words, advised, start, skew, end, filePages }, order) => {
        // Where within_size meets the end of a file, what is touched first decides.
        fc.pre(filePages >= 16 || ![mount, top, ...words].includes('within_size'));
        // Behind the end of the file nothing can be touched.
        const touched = order.filter((page) => page >= start && page < Math.min(end, filePages));
        const file: CachedFile = { id: '', kind, name: '', bytes: filePages * PAGE, hugeMount: mount };
        const from = (16 + skew + start) * PAGE;
        const vma = {
          start: from,
          end: from + (end - start) * PAGE,
          flags: advised ? ['hg'] : [],
          mapping: { file: '', offset: start * PAGE },
        };
        const sizes = new Map(words.map((each, i) => [asOrder(i + 1), each]));
        const faults = new ShmemFaults(vma, file, { enabled: top, sizes }, geometry, false);
        const cached = emptyOccupancy(geometry);
        const folios: [number, number][] = [];
        for (const page of touched) {
          if (hasPage(cached, page)) continue;
          const isEmpty = (first: number, pages: number) => {
            for (let i = first; i < first + pages; i++) if (hasPage(cached, i)) return false;
            return true;
          };
          const folio = faults.orderAt(page, isEmpty) ?? 0;
          const first = page & -(1 << folio);
          for (let i = 0; i < 1 << folio; i++) setPage(cached, first + i);
          if (folio > 0) folios.push([first, folio]);
        }
        const present = emptyOccupancy(geometry);
        for (const page of touched) setPage(present, page);
        const range = { geometry, offset: 0, present } as unknown as CacheRange;
        const restarted = faults.restart(range);
        expect(restarted.folios.map(({ offset, order: k }) => [offset, k])).toEqual(
          folios.sort(([a], [b]) => a - b),
        );
        expect(restarted.present).toBe(
          Array.from({ length: 16 }, (_, i) => i).filter((i) => hasPage(cached, i)).length,
        );
      },
    ),
    { numRuns: 500 },
  );
});
