import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import type { CacheKind } from '../../src/core/rules/page-cache.ts';
import type { HugeMountWord, ShmemSizeWord, ShmemWord } from '../../src/core/rules/shmem-settings.ts';
import { Machine } from '../../src/machine/machine.ts';
import { type MmapRequest, mmap } from '../../src/machine/page-tables/address-space.ts';

const K = 1024;
const M = 1024 * K;
const PMD = 2 * M;

interface Shared {
  readonly kind: CacheKind;
  /** MAP_ANONYMOUS, without a file descriptor. */
  readonly isAnonymous?: boolean;
  readonly mount?: HugeMountWord;
  readonly top?: ShmemWord;
  /** `hugepages-<size>kB/shmem_enabled` by order. */
  readonly sizes?: readonly (readonly [order: number, word: ShmemSizeWord])[];
}

const LENGTHS = [1024, 2044, 2048, 2052, 3072, 4096, 5120, 6144, 6148].map((kb) => kb * K);

/** Lengths that mmap aligns to the PMD size, of mappings that begin so far into their file. */
function aligned(shared: Shared | undefined, from = 0, alignment = PMD): number[] {
  return LENGTHS.filter((bytes) => {
    const machine = new Machine({ geometry: x86_64, nodes: [8192] });
    const mm = machine.createMm('a');
    // What lies above is not aligned either.
    mmap(machine, mm, { bytes: 12 * K });
    const start = mmap(machine, mm, { bytes, ...fileOf(machine, shared, from) });
    return (start - from) % alignment === 0;
  }).map((bytes) => bytes / K);
}

function fileOf(machine: Machine, shared: Shared | undefined, from: number): Pick<MmapRequest, 'file'> {
  if (!shared) return {};
  const { kind, isAnonymous = false, mount, top = 'never', sizes = [] } = shared;
  const words = new Map(sizes.map(([order, word]) => [asOrder(order), word]));
  machine.settings = { ...machine.settings, shmem: { enabled: top, sizes: words } };
  const file = { id: '0:0:1', kind, name: 'f', bytes: 64 * M, ...(mount && { hugeMount: mount }) };
  return { file: { pages: machine.cache.add(file), page: from / (4 * K), isAnonymous } };
}

const FROM_2M = [2048, 2052, 3072, 4096, 5120, 6144, 6148];
const FROM_3M = [3072, 4096, 5120, 6144, 6148];
const ANONYMOUS = { kind: 'shared-anonymous', isAnonymous: true } as const;
const MEMFD = { kind: 'shared-anonymous' } as const;
const TMPFS = { kind: 'tmpfs' } as const;
const INHERITS = [[9, 'inherit']] as const;
const ALWAYS = [[9, 'always']] as const;

describe('mmap aligns as it was seen on 7.3.4 (docs/khugepaged.md#layout-of-mappings)', () => {
  test('private anonymous memory by its length', () => {
    expect(aligned(undefined)).toEqual([2048, 4096, 6144]);
  });

  test('a file on a disk where it maps a whole range', () => {
    expect(aligned({ kind: 'file', top: 'deny' })).toEqual(FROM_2M);
    expect(aligned({ kind: 'file' }, M)).toEqual(FROM_3M);
  });

  test.each<readonly [string, Shared, readonly number[]]>([
    ['tmpfs, never', { ...TMPFS, mount: 'never', top: 'always' }, []],
    ['tmpfs, always', { ...TMPFS, mount: 'always' }, FROM_2M],
    ['tmpfs, within_size', { ...TMPFS, mount: 'within_size' }, FROM_2M],
    ['tmpfs, advise', { ...TMPFS, mount: 'advise' }, FROM_2M],
    ['tmpfs, always under deny', { ...TMPFS, mount: 'always', top: 'deny' }, []],
    ['tmpfs, never under force', { ...TMPFS, mount: 'never', top: 'force' }, FROM_2M],
    ['memfd, never', { ...MEMFD, sizes: INHERITS }, []],
    ['memfd, 2M always alone', { ...MEMFD, sizes: ALWAYS }, []],
    ['memfd, advise', { ...MEMFD, top: 'advise', sizes: [[9, 'never']] }, FROM_2M],
    ['memfd, deny', { ...MEMFD, top: 'deny', sizes: ALWAYS }, []],
    ['memfd, force', { ...MEMFD, top: 'force', sizes: INHERITS }, FROM_2M],
    ['MAP_SHARED, never', { ...ANONYMOUS, sizes: INHERITS }, []],
    ['MAP_SHARED, 2M always alone', { ...ANONYMOUS, sizes: ALWAYS }, FROM_2M],
    ['MAP_SHARED, 2M advise alone', { ...ANONYMOUS, sizes: [[9, 'advise']] }, FROM_2M],
    ['MAP_SHARED, 64K always alone', { ...ANONYMOUS, sizes: [[4, 'always']] }, []],
    ['MAP_SHARED, within_size', { ...ANONYMOUS, top: 'within_size', sizes: [[9, 'never']] }, FROM_2M],
    ['MAP_SHARED, deny', { ...ANONYMOUS, top: 'deny', sizes: ALWAYS }, []],
    ['MAP_SHARED, force', { ...ANONYMOUS, top: 'force', sizes: INHERITS }, FROM_2M],
  ])('%s', (_, shared, expected) => {
    expect(aligned(shared)).toEqual(expected);
    if (expected.length > 0 && !shared.isAnonymous) expect(aligned(shared, M)).toEqual(FROM_3M);
  });

  test('to the largest size that is set, where it is smaller', () => {
    const shared = { ...ANONYMOUS, sizes: [[4, 'always'] as const] };
    expect(aligned(shared, 0, 64 * K)).toEqual(FROM_2M);
  });
});
