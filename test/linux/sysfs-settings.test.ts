import { expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import {
  readKhugepagedPace,
  readShrinkUnderused,
  readThpSettings,
  settingsNotes,
} from '../../src/linux/machine/sysfs-settings.ts';
import { kernelTree } from '../support/kernel-tree.ts';

/** A kernel with these files in its THP folder. */
function kernelWith(files: Record<string, string>) {
  const below = (name: string) => `sys/kernel/mm/transparent_hugepage/${name}`;
  return kernelTree(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [below(name), `${text}\n`])),
  );
}

/** As on a kernel of 4.18 with backports: neither max_ptes_shared, nor sizes, nor a shrinker. */
const OLD = {
  enabled: '[always] madvise never',
  'khugepaged/max_ptes_none': '100',
  'khugepaged/max_ptes_swap': '64',
};

const PACE = {
  'khugepaged/pages_to_scan': '65536',
  'khugepaged/scan_sleep_millisecs': '1000',
  'khugepaged/alloc_sleep_millisecs': '60000',
  'khugepaged/defrag': '0',
};

test('a limit that the kernel does not have is the default, and named', () => {
  const tree = kernelWith(OLD);
  const settings = readThpSettings(tree, x86_64);
  expect(settings).toMatchObject({
    ok: true,
    value: { maxPtesNone: 100, maxPtesSwap: 64, maxPtesShared: 256 },
  });
  expect(settingsNotes(kernelWith({ ...OLD, ...PACE }), x86_64)).toEqual([
    'max_ptes_shared of khugepaged is not there or may not be read: the default is taken',
  ]);
  expect(readShrinkUnderused(tree)).toBeUndefined();
});

test('what the kernel does not say of the pace of khugepaged is the default, and named', () => {
  const tree = kernelWith({ ...OLD, ...PACE, shrink_underused: '1' });
  const pace = { pagesToScan: 65536, scanSleepMs: 1000, allocSleepMs: 60000, defrag: false };
  expect(readKhugepagedPace(tree, x86_64)).toEqual(pace);
  expect(readShrinkUnderused(tree)).toBe(true);
  const part = kernelWith({ ...OLD, 'khugepaged/pages_to_scan': '512' });
  expect(readKhugepagedPace(part, x86_64)).toEqual({
    pagesToScan: 512,
    scanSleepMs: 10000,
    allocSleepMs: 60000,
    defrag: true,
  });
  expect(settingsNotes(part, x86_64)).toEqual([
    'max_ptes_shared, scan_sleep_millisecs, alloc_sleep_millisecs, defrag of khugepaged are not there or may not be read: the defaults are taken',
  ]);
  expect(readKhugepagedPace(kernelWith(OLD), x86_64)).toBeUndefined();
});

test('a word that is not known is named, and taken for never', () => {
  const tree = kernelWith({
    ...OLD,
    ...PACE,
    'khugepaged/max_ptes_shared': '256',
    enabled: 'always madvise [within size] never',
    'hugepages-64kB/enabled': 'always inherit madvise [lazily] never',
    'hugepages-128kB/enabled': '',
    'hugepages-256kB/enabled': 'always inherit [madvise] never',
  });
  expect(readThpSettings(tree, x86_64)).toMatchObject({ value: { enabled: 'never' } });
  expect(settingsNotes(tree, x86_64)).toEqual([
    'enabled is "within size", a word that is not known here: taken for never',
    'hugepages-64kB/enabled is "lazily", a word that is not known here: taken for never',
    'hugepages-128kB/enabled has no word in brackets, as in "always inherit madvise never": taken for never',
  ]);
});

test('a kernel without huge pages has no settings, and nothing to say of them', () => {
  const tree = kernelWith({});
  expect(readThpSettings(tree, x86_64)).toMatchObject({ ok: false });
  expect(settingsNotes(tree, x86_64)).toEqual([]);
});
