import { describe, expect, test } from 'vitest';
import { randomFrom } from '../../src/core/base/random.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { ThpSysfs } from '../../src/khugepaged/thp-sysfs.ts';
import { fragment } from '../../src/machine/frames/fragment.ts';
import { vmstatLines } from '../support/khugepaged/vmstat.ts';
import { populate } from './populate.ts';
import { SECOND, World, type WorldOptions } from './world.ts';

function sysfsOf(options: WorldOptions = {}): { sysfs: ThpSysfs; world: World } {
  const world = new World({
    geometry: x86_64,
    nodes: [8192],
    enabled: 'always',
    sizes: { 9: 'inherit' },
    ...options,
  });
  return { sysfs: new ThpSysfs(world.daemon), world };
}

describe('files', () => {
  test('have the defaults of the kernel, in its format', () => {
    const { sysfs } = sysfsOf();
    const expected = {
      enabled: '[always] madvise never\n',
      defrag: 'always defer defer+madvise [madvise] never\n',
      use_zero_page: '1\n',
      hpage_pmd_size: '2097152\n',
      shmem_enabled: 'always within_size advise [never] deny force\n',
      shrink_underused: '1\n',
      'khugepaged/defrag': '1\n',
      'khugepaged/max_ptes_none': '511\n',
      'khugepaged/max_ptes_swap': '64\n',
      'khugepaged/max_ptes_shared': '256\n',
      'khugepaged/pages_to_scan': '4096\n',
      'khugepaged/pages_collapsed': '0\n',
      'khugepaged/full_scans': '0\n',
      'khugepaged/scan_sleep_millisecs': '10000\n',
      'khugepaged/alloc_sleep_millisecs': '60000\n',
      'hugepages-16kB/enabled': 'always inherit madvise [never]\n',
      'hugepages-2048kB/enabled': 'always [inherit] madvise never\n',
      'hugepages-2048kB/shmem_enabled': 'always [inherit] within_size advise never\n',
    };
    for (const [path, text] of Object.entries(expected)) expect(sysfs.read(path), path).toBe(text);
    expect(sysfs.read('hugepages-8kB/enabled')).toBeUndefined();
    expect(sysfs.read('hugepages-8kB/stats/swpout')).toBe('0\n');
    expect(sysfs.read('hugepages-8kB/stats/nr_anon')).toBeUndefined();
    expect(sysfs.paths.filter((path) => path.endsWith('/stats/collapse_alloc'))).toHaveLength(9);
  });

  test('of old have no stats of collapses', () => {
    const { sysfs } = sysfsOf({ model: 'linux-6.18' });
    expect(sysfs.paths.some((path) => path.includes('collapse_'))).toBe(false);
    expect(sysfs.read('hugepages-64kB/stats/nr_anon')).toBe('0\n');
  });
});

test('force wants the PMD size to inherit it, and no other', () => {
  const { sysfs } = sysfsOf();
  expect(sysfs.write('hugepages-64kB/shmem_enabled', 'inherit')).toBeUndefined();
  expect(sysfs.write('shmem_enabled', 'force')).toBe('EINVAL');
  sysfs.write('hugepages-64kB/shmem_enabled', 'always');
  expect(sysfs.write('shmem_enabled', 'force')).toBeUndefined();
  expect(sysfs.write('hugepages-64kB/shmem_enabled', 'inherit')).toBe('EINVAL');
  expect(sysfs.write('hugepages-2048kB/shmem_enabled', 'never')).toBeUndefined();
  expect(sysfs.write('shmem_enabled', 'force')).toBe('EINVAL');
});

describe('a write', () => {
  const { sysfs } = sysfsOf();
  test.each([
    ['enabled', 'madvise\n', undefined],
    ['enabled', 'madvise\n\n', 'EINVAL'],
    ['enabled', ' madvise', 'EINVAL'],
    ['enabled', 'inherit', 'EINVAL'],
    ['hugepages-64kB/enabled', 'inherit', undefined],
    ['hugepages-64kB/enabled', 'Always', 'EINVAL'],
    ['hugepages-8kB/enabled', 'always', 'ENOENT'],
    ['hpage_pmd_size', '1', 'EACCES'],
    ['khugepaged/full_scans', '0', 'EACCES'],
    ['hugepages-64kB/stats/nr_anon', '0', 'EACCES'],
    ['khugepaged/defrag', '2', 'EINVAL'],
    ['khugepaged/defrag', 'x', 'EINVAL'],
    ['khugepaged/defrag', '18446744073709551616', 'ERANGE'],
    ['khugepaged/defrag', '+0\n', undefined],
    ['use_zero_page', '99999999999999999999', 'ERANGE'],
    ['khugepaged/max_ptes_none', '511', undefined],
    ['khugepaged/max_ptes_none', '512', 'EINVAL'],
    ['khugepaged/max_ptes_none', '99999999999999999999', 'EINVAL'],
    ['khugepaged/max_ptes_none', '-1', 'EINVAL'],
    ['khugepaged/max_ptes_swap', '0x10', 'EINVAL'],
    ['khugepaged/max_ptes_shared', '', 'EINVAL'],
    ['khugepaged/pages_to_scan', '0', 'EINVAL'],
    ['khugepaged/pages_to_scan', '4294967295', undefined],
    ['khugepaged/pages_to_scan', '4294967296', 'EINVAL'],
    ['khugepaged/scan_sleep_millisecs', '0', undefined],
    ['khugepaged/alloc_sleep_millisecs', '1.5', 'EINVAL'],
    ['shrink_underused', 'off', undefined],
    ['shrink_underused', 'maybe', 'EINVAL'],
    ['shmem_enabled', 'within_size', undefined],
  ] as const)('to %s of %j: %s', (path, text, errno) => {
    expect(sysfs.write(path, text)).toBe(errno);
  });

  test('is read back', () => {
    const other = sysfsOf().sysfs;
    other.write('khugepaged/max_ptes_none', '+7\n');
    other.write('hugepages-16kB/enabled', 'madvise');
    expect(other.read('khugepaged/max_ptes_none')).toBe('7\n');
    expect(other.read('hugepages-16kB/enabled')).toBe('always inherit [madvise] never\n');
  });
});

describe('the thread runs (hugepage_enabled)', () => {
  test.each([
    ['linux-7.2', { enabled: 'never', sizes: {} }, 'stopped'],
    ['linux-7.2', { enabled: 'madvise', sizes: {} }, 'ready'],
    ['linux-7.2', { enabled: 'never', sizes: { 4: 'madvise' } }, 'ready'],
    ['linux-7.2', { enabled: 'never', sizes: { 4: 'inherit' } }, 'stopped'],
    ['linux-6.18', { enabled: 'always', sizes: {} }, 'stopped'],
    ['linux-6.18', { enabled: 'never', sizes: { 4: 'always' } }, 'stopped'],
    ['linux-6.18', { enabled: 'madvise', sizes: { 9: 'inherit' } }, 'ready'],
    ['linux-6.18', { enabled: 'never', sizes: { 9: 'madvise' } }, 'ready'],
  ] as const)('of %s with %j is %s', (model, settings, state) => {
    expect(sysfsOf({ model, ...settings }).world.daemon.state).toBe(state);
  });

  test('starts with shared memory of the PMD size', () => {
    const { sysfs, world } = sysfsOf({ enabled: 'never', sizes: {} });
    sysfs.write('shmem_enabled', 'advise');
    expect(world.daemon.state).toBe('ready');
    sysfs.write('shmem_enabled', 'deny');
    expect(world.daemon.state).toBe('stopped');
    // Observed on 7.2.13: deny is above the size.
    sysfs.write('hugepages-2048kB/shmem_enabled', 'always');
    expect(world.daemon.state).toBe('stopped');
    sysfs.write('shmem_enabled', 'never');
    expect(world.daemon.state).toBe('ready');
  });

  test('that stops forgets the cursor, keeps the list and counts no full scan', () => {
    const { sysfs, world } = sysfsOf();
    populate(world, { present: 'all' }, { name: 'first', bytes: 20 * world.range });
    populate(world, { present: 'all' }, { name: 'second' });
    world.system.settings.pagesToScan = 1;
    world.run(SECOND);
    expect(world.daemon.list.cursor.mm?.name).toBe('first');
    sysfs.write('enabled', 'never');
    expect(world.daemon.state).toBe('stopped');
    world.run(20 * SECOND);
    expect(world.daemon.list.length).toBe(2);
    expect(world.daemon.counts.fullScans).toBe(0);
    sysfs.write('enabled', 'always');
    world.run(1);
    expect(world.statuses()).toEqual(['SCAN_SUCCEED', 'SCAN_PMD_MAPPED']);
  });

  test('stops within a wake-up after the range at hand, and starts again at the head', () => {
    const { sysfs, world } = sysfsOf();
    for (let i = 0; i < 3; i++) populate(world, { present: 'all' });
    let writes = 0;
    world.system.faults = ({ point }) => {
      if (point === 'copy' && writes++ === 1) {
        sysfs.write('enabled', 'never');
        sysfs.write('enabled', 'always');
      }
      return false;
    };
    world.run(SECOND);
    expect(world.statuses()).toEqual([
      'SCAN_SUCCEED',
      'SCAN_SUCCEED',
      'SCAN_PMD_MAPPED',
      'SCAN_PMD_MAPPED',
      'SCAN_SUCCEED',
    ]);
  });
});

describe('values that change within a walk', () => {
  test('max_ptes_none holds from the next evaluation on, and enabled sizes from the next revalidation', () => {
    const { sysfs, world } = sysfsOf({ enabled: 'never', sizes: { 3: 'always', 4: 'always' } });
    populate(world, { present: '0-3,16-19,32-47' });
    let attempts = 0;
    world.system.faults = ({ point }) => {
      if (point === 'copy' && ++attempts === 1) sysfs.write('khugepaged/max_ptes_none', '0');
      return false;
    };
    world.run(SECOND);
    expect(world.attempts()).toEqual(['0:4', '32:4']);
    expect(sysfs.read('hugepages-64kB/stats/collapse_alloc')).toBe('2\n');
  });

  test('khugepaged/defrag decides how hard memory is looked for', () => {
    for (const [value, result] of [
      ['1', 'SCAN_SUCCEED'],
      ['0', 'SCAN_ALLOC_HUGE_PAGE_FAIL'],
    ]) {
      const { sysfs, world } = sysfsOf();
      populate(world, { present: 'all' });
      // Half of every block is page cache: compaction can make one whole.
      fragment(world.machine, 0, { cacheBlocks: 1, cacheFill: 0.5 }, randomFrom(1));
      sysfs.write('khugepaged/defrag', value);
      sysfs.write('khugepaged/alloc_sleep_millisecs', '1');
      world.run(SECOND / 100);
      expect(world.statuses()[0]).toBe(result);
      world.expectSound();
    }
  });
});

test('vmstat has its names in file order', () => {
  const names = vmstatLines(sysfsOf().world.machine).map((line) => line.split(' ')[0]);
  const from = names.indexOf('thp_collapse_alloc');
  expect(names.slice(from, from + 6)).toEqual([
    'thp_collapse_alloc',
    'thp_collapse_alloc_failed',
    'thp_file_alloc',
    'thp_file_fallback',
    'thp_file_fallback_charge',
    'thp_file_mapped',
  ]);
  expect(names).toContain('thp_split_pud');
});
