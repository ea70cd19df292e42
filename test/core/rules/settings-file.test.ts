import { expect, test } from 'vitest';
import { geometryOfPmdOrder } from '../../../src/core/memory/geometry.ts';
import { asOrder } from '../../../src/core/memory/order.ts';
import { settingsFiles, withFileWritten } from '../../../src/core/rules/settings-file.ts';
import { defaultSettings } from '../../../src/core/rules/thp-settings.ts';

const geometry = geometryOfPmdOrder(9);
const files = settingsFiles(geometry);
const before = { ...defaultSettings(geometry), shrinkUnderused: undefined };
const write = (assignment: string) => withFileWritten(before, assignment, files);

test('each file changes its own setting alone', () => {
  const after = (assignment: string) => {
    const written = write(assignment);
    if (!written.ok) throw new Error(written.failure.message);
    return written.value;
  };
  expect(after('enabled=madvise')).toEqual({ ...before, enabled: 'madvise' });
  expect(after('shrink_underused=1')).toEqual({ ...before, shrinkUnderused: true });
  expect(after('khugepaged/max_ptes_none=0')).toEqual({ ...before, maxPtesNone: 0 });
  expect(after('khugepaged/max_ptes_swap=511')).toEqual({ ...before, maxPtesSwap: 511 });
  expect(after('khugepaged/max_ptes_shared=7')).toEqual({ ...before, maxPtesShared: 7 });
  const sizes = new Map([
    [9, 'inherit'],
    [4, 'always'],
  ]);
  expect(after('hugepages-64kB/enabled=always')).toEqual({ ...before, sizes });
  const shmem = after('hugepages-64kB/shmem_enabled=advise').shmem;
  expect(shmem?.sizes.get(asOrder(4))).toBe('advise');
  expect(shmem?.sizes.get(asOrder(9))).toBe('inherit');
  expect(after('shmem_enabled=force').shmem?.enabled).toBe('force');
  expect(after('/sys/kernel/mm/transparent_hugepage/enabled=never').enabled).toBe('never');
});

test('the sizes are those that memory of the geometry can have: anonymous from 4 pages on, shared from 2', () => {
  const sizesOf = (pmdOrder: number, name = 'enabled') =>
    [...settingsFiles(geometryOfPmdOrder(pmdOrder)).keys()].filter((path) =>
      new RegExp(`^hugepages-.*/${name}$`).test(path),
    );
  expect(sizesOf(9, 'shmem_enabled')).toHaveLength(9);
  expect(sizesOf(9, 'shmem_enabled')[0]).toBe('hugepages-8kB/shmem_enabled');
  expect(sizesOf(9)).toHaveLength(8);
  expect(sizesOf(9)[0]).toBe('hugepages-16kB/enabled');
  expect(sizesOf(11)[0]).toBe('hugepages-64kB/enabled');
  expect(sizesOf(11).at(-1)).toBe('hugepages-32768kB/enabled');
});

test.each([
  [
    'hugepages-64kb/enabled=always',
    /^cannot be set here \(did you mean hugepages-64kB\/enabled\?\); what can: en/,
  ],
  ['hugepages-64kB/enabled=alway', /takes always, inherit, madvise, never \(did you mean always\?\)$/],
  ['enabled=inherit', /takes always, madvise, never$/],
  ['khugepaged/max_ptes_none=512', /takes a number from 0 to 511$/],
  ['khugepaged/max_ptes_none=-1', /takes a number from 0 to 511$/],
  ['khugepaged/max_ptes_none=', /takes a number from 0 to 511$/],
  [
    'khugepaged/pages_to_scan=8',
    /what can: .*khugepaged\/max_ptes_none.*hugepages-\{16,32,.*,2048\}kB\/enabled, hugepages-\{8,16,.*,2048\}kB\/shmem_enabled$/,
  ],
  ['shmem_enabled=madvise', /takes always, within_size, advise, never, deny, force/],
  ['hugepages-2048kB/shmem_enabled=deny', /takes always, inherit, within_size, advise, never/],
  ['shrink_underused=2', /takes 0, 1$/],
  ['enabled', /^write FILE=VALUE/],
])('%s is refused, and what there is is said', (assignment, message) => {
  const written = write(assignment);
  expect(written.ok ? '' : written.failure.message).toMatch(message);
});
