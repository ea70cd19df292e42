import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import { geometryOfPmdOrder, x86_64 } from '../../src/core/memory/geometry.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import { CACHE_KINDS, type CacheKind } from '../../src/core/rules/page-cache.ts';
import type { ShmemSettings, ShmemSizeWord } from '../../src/core/rules/shmem-settings.ts';
import { installCacheFolio, viewCacheRange } from '../../src/machine/cache/collapse-file.ts';
import { fadviseDontneed, punchHole, syncFile, writeFile } from '../../src/machine/cache/file-calls.ts';
import { accessFile } from '../../src/machine/cache/file-fault.ts';
import { mappingsOf, unmapFileAddresses } from '../../src/machine/cache/file-tables.ts';
import { cachedFrame, type FilePages } from '../../src/machine/cache/page-cache.ts';
import { allocFolio } from '../../src/machine/folios/folio-alloc.ts';
import { NO_FRAME } from '../../src/machine/frames/frame-table.ts';
import { Machine } from '../../src/machine/machine.ts';
import { mmap, munmap } from '../../src/machine/page-tables/address-space.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { exit } from '../../src/machine/processes/exit.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import { checkMachine } from '../support/machine/check.ts';

const PAGE = 4096;

function machineOf(sizes: Record<number, ShmemSizeWord>, geometry = x86_64, pages = 8192): Machine {
  const machine = new Machine({ geometry, nodes: [pages] });
  const words = new Map(Object.entries(sizes).map(([order, word]) => [asOrder(Number(order)), word]));
  const shmem: ShmemSettings = { enabled: 'never', sizes: words };
  machine.settings = { ...machine.settings, shmem };
  return machine;
}

function fileOf(machine: Machine, kind: CacheKind, pages: number): FilePages {
  return machine.cache.add({ id: `0:0:${machine.cache.files.size}`, kind, name: 'f', bytes: pages * PAGE });
}

function mapped(machine: Machine, mm: Mm, pages: FilePages, count: number, page = 0): number {
  // Under `never` it would lie anywhere.
  const isLong = count >= machine.rangePages;
  const address = isLong ? 0x7000_0000_0000 + 2 ** 30 * mm.areas.all().length + page * PAGE : undefined;
  return mmap(machine, mm, { bytes: count * PAGE, file: { pages, page }, ...(isLong && { address }) });
}

/** Collapses a range whatever it holds. */
function collapse(machine: Machine, mm: Mm, pages: FilePages, number: number): void {
  const head = allocFolio(machine, machine.geometry.pmdOrder, mm.memcg, [0], 'light');
  if (head >= 0) installCacheFolio(machine, pages, number, head);
}

describe('a second mapping of 64 pages that are in memory, as seen on 7.3.4', () => {
  test.each<[Record<number, ShmemSizeWord>, 'read' | 'write', number[]]>([
    // pages mapped after page 20, then after page 100, which is not in memory
    [{}, 'read', [16, 17]],
    [{}, 'write', [1, 2]],
    [{ 4: 'always' }, 'read', [16, 32]],
    [{ 4: 'always' }, 'write', [16, 32]],
    [{ 9: 'always' }, 'read', [512, 512]],
    [{ 9: 'always' }, 'write', [512, 512]],
  ])('sizes %o, %s', (sizes, access, counts) => {
    const machine = machineOf(sizes);
    const pages = fileOf(machine, 'internal', 1024);
    const mm = machine.createMm('a');
    accessFile(machine, mm, mapped(machine, mm, pages, 1024), 64 * PAGE, true);
    const other = machine.createMm('b');
    const start = mapped(machine, other, pages, 1024);
    const rss = [20, 100].map((page) => {
      expect(accessFile(machine, other, start + page * PAGE, PAGE, access === 'write')).toBeUndefined();
      return other.fileRssPages;
    });
    expect(rss).toEqual(counts);
    unmapFileAddresses(machine, other, start + 100 * PAGE, start + 101 * PAGE);
    // A PMD entry goes as a whole.
    expect(other.fileRssPages).toBe(counts[1] === 512 ? 0 : counts[1] - 1);
    expect(checkMachine(machine)).toEqual([]);
  });
});

test('a collapse takes the page tables of all that map it, and keeps what pages hold', () => {
  const machine = machineOf({});
  const pages = fileOf(machine, 'shared-anonymous', 1024);
  const mm = machine.createMm('a');
  const start = mapped(machine, mm, pages, 1024);
  accessFile(machine, mm, start, 100 * PAGE, true);
  const child = fork(machine, mm, 'b') as Mm;
  expect(child.fileRssPages).toBe(0);
  accessFile(machine, child, start, 100 * PAGE, false);
  expect([mm.fileRssPages, child.fileRssPages, machine.cache.pages]).toEqual([100, 112 - 12, 100]);
  const contents = () =>
    Array.from({ length: 100 }, (_, i) => machine.frames.content[cachedFrame(machine, pages, i)]);
  const before = contents();
  collapse(machine, mm, pages, 0);
  expect(contents()).toEqual(before);
  expect([mm.fileRssPages, child.fileRssPages, machine.cache.pages, machine.cache.hugePages]).toEqual([
    0, 0, 512, 512,
  ]);
  accessFile(machine, child, start + 7 * PAGE, PAGE, false);
  expect([mm.fileRssPages, child.fileRssPages]).toEqual([0, 512]);
  expect(machine.counters.vmstat.thp_file_mapped).toBe(1);
  expect(checkMachine(machine)).toEqual([]);
  exit(machine, mm);
  expect(machine.cache.pages).toBe(512);
  exit(machine, child);
  expect([machine.cache.pages, machine.freePages]).toEqual([0, 8192]);
});

test('fadvise drops clean pages of files that nobody maps, punching drops them all', () => {
  const machine = machineOf({});
  const file = fileOf(machine, 'file', 64);
  const mm = machine.createMm('a');
  const start = mapped(machine, mm, file, 64);
  writeFile(machine, mm, file, 0, 32);
  accessFile(machine, mm, start + 40 * PAGE, PAGE, false);
  expect([machine.cache.pages, viewCacheRange(machine, file, 0).dirtyPages]).toEqual([33, 32]);
  fadviseDontneed(machine, file, 0, 64);
  expect(machine.cache.pages).toBe(33);
  syncFile(machine, file, 0, 16);
  fadviseDontneed(machine, file, 0, 64);
  expect(machine.cache.pages).toBe(17);
  punchHole(machine, file, 0, 64);
  expect([machine.cache.pages, mm.fileRssPages]).toEqual([0, 0]);
  const shmem = fileOf(machine, 'tmpfs', 64);
  writeFile(machine, mm, shmem, 0, 8);
  fadviseDontneed(machine, shmem, 0, 64);
  expect(machine.cache.pages).toBe(8);
});

test('an access ends behind the file, and where nothing is mapped', () => {
  const machine = machineOf({});
  const file = fileOf(machine, 'internal', 10);
  const mm = machine.createMm('a');
  const start = mapped(machine, mm, file, 16);
  expect(accessFile(machine, mm, start, 16 * PAGE, true)).toBe('sigbus');
  expect(machine.cache.pages).toBe(10);
  munmap(machine, mm, start, 16 * PAGE);
  expect([accessFile(machine, mm, start, PAGE, false), machine.cache.pages]).toEqual(['segv', 0]);
});

const PAGES = 40;

/** What may happen to two files on a machine of small ranges, by three processes. */
const act = fc.record({
  what: fc.constantFrom(
    'read',
    'write',
    'zap',
    'punch',
    'fadvise',
    'sync',
    'file-write',
    'collapse',
    'fork',
    'exit',
    'map',
    'unmap',
  ),
  who: fc.nat(5),
  file: fc.nat(1),
  from: fc.nat(PAGES - 1),
  count: fc.integer({ min: 1, max: 12 }),
});

test('pages of the page cache are conserved, and RSS is what is mapped', () => {
  const geometry = geometryOfPmdOrder(3);
  const word = fc.constantFrom<ShmemSizeWord>('always', 'within_size', 'never');
  fc.assert(
    fc.property(
      fc.tuple(word, word, word),
      fc.tuple(fc.constantFrom(...CACHE_KINDS), fc.constantFrom(...CACHE_KINDS)),
      fc.array(act, { minLength: 5, maxLength: 60 }),
      ([one, two, three], kinds, acts) => {
        const machine = machineOf({ 1: one, 2: two, 3: three }, geometry, 512);
        const files = kinds.map((kind) => fileOf(machine, kind, PAGES));
        const first = machine.createMm('a');
        const places = new Map<Mm, number[]>([
          [first, files.map((each) => mapped(machine, first, each, PAGES))],
        ]);
        // What each page of each file holds: its content when it was written last.
        const held = files.map(() => new Map<number, number>());
        const note = (file: number, page: number) => {
          const frame = cachedFrame(machine, files[file], page);
          if (frame !== NO_FRAME) held[file].set(page, machine.frames.content[frame]);
        };
        for (const { what, who, file, from, count } of acts) {
          const mms = [...places.keys()];
          if (mms.length === 0) break;
          const mm = mms[who % mms.length];
          const start = (places.get(mm) as number[])[file];
          const pages = files[file];
          const n = Math.min(count, PAGES - from);
          const range = Math.floor(from / machine.rangePages);
          const at = start + from * PAGE;
          if (what === 'read' || what === 'write') {
            accessFile(machine, mm, at, n * PAGE, what === 'write');
            if (what === 'write') for (let i = 0; i < n; i++) note(file, from + i);
          } else if (what === 'zap') unmapFileAddresses(machine, mm, at, at + n * PAGE);
          else if (what === 'punch') {
            punchHole(machine, pages, from, n);
            for (let i = 0; i < n; i++) held[file].delete(from + i);
          } else if (what === 'fadvise') fadviseDontneed(machine, pages, from, n);
          else if (what === 'sync') syncFile(machine, pages, from, n);
          else if (what === 'file-write') {
            writeFile(machine, mm, pages, from, n);
            for (let i = 0; i < n; i++) note(file, from + i);
          } else if (what === 'collapse') {
            const mappedPages = mappingsOf(machine, pages, range * machine.rangePages, machine.rangePages);
            const before = sumRss(places);
            collapse(machine, mm, pages, range);
            expect(sumRss(places)).toBe(before - mappedPages);
          } else if (what === 'fork' && mms.length < 3)
            places.set(fork(machine, mm) as Mm, [...(places.get(mm) as number[])]);
          else if (what === 'exit' && mms.length > 1) {
            exit(machine, mm);
            places.delete(mm);
          } else if (what === 'map') (places.get(mm) as number[])[file] = mapped(machine, mm, pages, PAGES);
          else if (what === 'unmap') munmap(machine, mm, at, n * PAGE);
          expect(checkMachine(machine)).toEqual([]);
          for (const [i, each] of files.entries())
            for (const [page, content] of held[i]) {
              const frame = cachedFrame(machine, each, page);
              if (frame !== NO_FRAME) expect(machine.frames.content[frame], `page ${page}`).toBe(content);
              else held[i].delete(page);
            }
        }
      },
    ),
    { numRuns: 150 },
  );
});

function sumRss(places: ReadonlyMap<Mm, unknown>): number {
  return [...places.keys()].reduce((sum, { fileRssPages }) => sum + fileRssPages, 0);
}
