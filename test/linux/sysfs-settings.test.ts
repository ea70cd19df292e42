import { expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import {
  readKhugepagedPace,
  readShrinkUnderused,
  readThpSettings,
  unreadLimits,
} from '../../src/linux/sysfs-settings.ts';
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

test('a limit that the kernel does not have is the default, and named', () => {
  const tree = kernelWith(OLD);
  const settings = readThpSettings(tree, x86_64);
  expect(settings).toMatchObject({
    ok: true,
    value: { maxPtesNone: 100, maxPtesSwap: 64, maxPtesShared: 256 },
  });
  expect(unreadLimits(tree)).toEqual(['max_ptes_shared']);
  expect(readShrinkUnderused(tree)).toBeUndefined();
});

test('the pace of khugepaged is read as a whole or not at all', () => {
  const pace = {
    'khugepaged/pages_to_scan': '65536',
    'khugepaged/scan_sleep_millisecs': '1000',
    'khugepaged/alloc_sleep_millisecs': '60000',
  };
  const tree = kernelWith({ ...OLD, ...pace, 'khugepaged/defrag': '0', shrink_underused: '1' });
  expect(readKhugepagedPace(tree)).toEqual({
    pagesToScan: 65536,
    scanSleepMs: 1000,
    allocSleepMs: 60000,
    defrag: false,
  });
  expect(readShrinkUnderused(tree)).toBe(true);
  expect(readKhugepagedPace(kernelWith({ ...OLD, ...pace }))).toBeUndefined();
});
