import { describe, expect, test } from 'vitest';
import { rangeBytes, x86_64 } from '../../../src/core/memory/geometry.ts';
import { asOrder } from '../../../src/core/memory/order.ts';
import { whyNoCacheCollapse } from '../../../src/core/rules/cache-orders.ts';
import type { CachedFile, CacheKind } from '../../../src/core/rules/page-cache.ts';
import type { TopLevelWord } from '../../../src/core/rules/settings-words.ts';
import type { ShmemSizeWord, ShmemWord } from '../../../src/core/rules/shmem-settings.ts';

const RANGE = rangeBytes(x86_64);
const SHMEM: CachedFile = {
  id: '0:1:7',
  kind: 'shared-anonymous',
  name: '/dev/zero (deleted)',
  bytes: 4 * RANGE,
};
const FILE: CachedFile = { id: '8:1:7', kind: 'file', name: '/data', filesystem: 'ext4', bytes: 4 * RANGE };

interface Asked {
  readonly file?: CachedFile;
  readonly flags?: readonly string[];
  readonly at?: number;
  readonly offset?: number;
  readonly bytes?: number;
  readonly enabled?: TopLevelWord;
  readonly shmem?: ShmemWord;
  readonly size?: ShmemSizeWord;
  readonly disabled?: boolean;
  readonly collapsesFiles?: boolean;
}

function whyNot(asked: Asked) {
  const { file = SHMEM, flags = [], at = 8 * RANGE, offset = 0, bytes = 4 * RANGE } = asked;
  const vma = {
    start: at,
    end: at + bytes,
    name: file.name,
    anonymous: false,
    flags,
    thpEligible: undefined,
    rssBytes: 0,
    swapBytes: 0,
    mapping: { file: file.id, offset },
  };
  const {
    collapsesFiles = true,
    enabled = 'never',
    shmem = 'never',
    size = 'inherit',
    disabled = false,
  } = asked;
  const governing = {
    settings: { enabled },
    model: { collapsesFiles },
    shmem: { enabled: shmem, sizes: new Map([[asOrder(9), size]]) },
  };
  return whyNoCacheCollapse(vma, file, governing, x86_64, disabled);
}

describe('a mapping of shared memory', () => {
  test.each<[ShmemWord, ShmemSizeWord, boolean, boolean]>([
    // top, size, plain, with MADV_HUGEPAGE
    ['never', 'never', false, false],
    ['never', 'inherit', false, false],
    ['advise', 'inherit', false, true],
    ['within_size', 'inherit', true, true],
    ['always', 'inherit', true, true],
    ['never', 'advise', false, true],
    ['never', 'within_size', true, true],
    ['never', 'always', true, true],
    ['always', 'never', false, false],
    ['deny', 'always', false, false],
    ['force', 'inherit', true, true],
    ['force', 'never', false, false],
  ])('with shmem_enabled %s and %s of the PMD size', (shmem, size, plain, advised) => {
    expect(whyNot({ shmem, size })).toBe(plain ? undefined : 'settings');
    expect(whyNot({ shmem, size, flags: ['hg'] })).toBe(advised ? undefined : 'settings');
  });

  test('of System V goes by the top level alone, of a tmpfs by its mount', () => {
    const of = (kind: CacheKind, asked: Asked, hugeMount?: 'always' | 'never') =>
      whyNot({ ...asked, file: { ...SHMEM, kind, hugeMount } });
    expect(of('internal', { shmem: 'always', size: 'never' })).toBe(undefined);
    expect(of('internal', { shmem: 'never', size: 'always' })).toBe('settings');
    expect(of('tmpfs', { shmem: 'never' }, 'always')).toBe(undefined);
    expect(of('tmpfs', { shmem: 'always' }, 'never')).toBe('settings');
    expect(of('tmpfs', { shmem: 'force' }, 'never')).toBe(undefined);
    expect(of('tmpfs', { shmem: 'deny' }, 'always')).toBe('settings');
  });

  // Observed by `conform --suite shared` on 7.2.13 and 7.3.4: sizes in pages.
  test.each<[CacheKind, number, boolean, boolean]>([
    ['tmpfs', 512, true, true],
    ['tmpfs', 511, false, false],
    ['tmpfs', 2, false, false],
    ['tmpfs', 1, false, true],
    ['shared-anonymous', 511, true, true],
    ['shared-anonymous', 2, true, true],
    ['shared-anonymous', 1, false, true],
  ])('within_size, %s of %i pages: a smaller size lets inherit, advice lifts one page alone', (...asked) => {
    const [kind, pages, plain, advised] = asked;
    const file = { ...SHMEM, kind, bytes: pages * 4096 - 1, hugeMount: 'within_size' } as const;
    expect(whyNot({ file, shmem: 'within_size' })).toBe(plain ? undefined : 'settings');
    expect(whyNot({ file, shmem: 'within_size', flags: ['hg'] })).toBe(advised ? undefined : 'settings');
  });

  test('with within_size of the PMD size is judged by the range in which it begins, whatever is advised', () => {
    const asked = { shmem: 'never', size: 'within_size', flags: ['hg'] } as const;
    expect(whyNot({ ...asked, file: { ...SHMEM, bytes: RANGE } })).toBe(undefined);
    expect(whyNot({ ...asked, file: { ...SHMEM, bytes: RANGE - 4096 } })).toBe('settings');
    expect(whyNot({ ...asked, file: { ...SHMEM, bytes: RANGE }, offset: RANGE })).toBe('settings');
  });

  test('is not touched by the settings for anonymous memory', () => {
    expect(whyNot({ enabled: 'always' })).toBe('settings');
  });
});

describe('a mapping of a file', () => {
  test.each<[TopLevelWord, boolean, boolean]>([
    ['never', false, false],
    ['madvise', false, true],
    ['always', true, true],
  ])('under enabled %s', (enabled, plain, advised) => {
    expect(whyNot({ file: FILE, enabled })).toBe(plain ? undefined : 'settings');
    expect(whyNot({ file: FILE, enabled, flags: ['hg'] })).toBe(advised ? undefined : 'settings');
  });

  test('before Linux 7.2 is taken for none that the kernel collapses; shared memory is collapsed there, too', () => {
    const old = { enabled: 'always', shmem: 'always', collapsesFiles: false } as const;
    expect(whyNot({ ...old, file: FILE })).toBe('kernel');
    expect(whyNot({ ...old, file: FILE, enabled: 'never' })).toBe('settings');
    expect(whyNot(old)).toBe(undefined);
  });

  test('on a filesystem of small folios is not collapsed', () => {
    expect(whyNot({ file: { ...FILE, filesystem: 'vfat' }, enabled: 'always' })).toBe('filesystem');
  });

  test('needs a whole PMD range, aligned with the file', () => {
    const asked = { file: FILE, enabled: 'always' } as const;
    expect(whyNot({ ...asked, offset: 4096 })).toBe('alignment');
    expect(whyNot({ ...asked, offset: 4096, at: 8 * RANGE + 4096 })).toBe(undefined);
    expect(whyNot({ ...asked, bytes: RANGE - 4096 })).toBe('too-small');
    expect(whyNot({ ...asked, offset: 4096, at: 8 * RANGE + 4096, bytes: RANGE })).toBe('too-small');
  });

  test('is refused by flags and prctl first', () => {
    expect(whyNot({ file: FILE, enabled: 'always', flags: ['nh'] })).toBe('nohugepage');
    expect(whyNot({ file: FILE, enabled: 'always', disabled: true })).toBe('prctl');
    expect(whyNot({ file: FILE, enabled: 'always', flags: ['pf'] })).toBe('special');
  });
});
