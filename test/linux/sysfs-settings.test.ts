import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import {
  readKhugepagedPace,
  readShrinkUnderused,
  readThpSettings,
  unreadLimits,
} from '../../src/linux/sysfs-settings.ts';

/** A THP folder with these files. */
function folderOf(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'thp-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'khugepaged'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), `${text}\n`);
  return root;
}

/** As on a kernel of 4.18 with backports: neither max_ptes_shared, nor sizes, nor a shrinker. */
const OLD = {
  enabled: '[always] madvise never',
  'khugepaged/max_ptes_none': '100',
  'khugepaged/max_ptes_swap': '64',
};

test('a limit that the kernel does not have is the default, and named', () => {
  const root = folderOf(OLD);
  const settings = readThpSettings(x86_64, root);
  expect(settings).toMatchObject({
    ok: true,
    value: { maxPtesNone: 100, maxPtesSwap: 64, maxPtesShared: 256 },
  });
  expect(unreadLimits(root)).toEqual(['max_ptes_shared']);
  expect(readShrinkUnderused(root)).toBeUndefined();
});

test('the pace of khugepaged is read as a whole or not at all', () => {
  const pace = {
    'khugepaged/pages_to_scan': '65536',
    'khugepaged/scan_sleep_millisecs': '1000',
    'khugepaged/alloc_sleep_millisecs': '60000',
  };
  const root = folderOf({ ...OLD, ...pace, 'khugepaged/defrag': '0', shrink_underused: '1' });
  expect(readKhugepagedPace(root)).toEqual({
    pagesToScan: 65536,
    scanSleepMs: 1000,
    allocSleepMs: 60000,
    defrag: false,
  });
  expect(readShrinkUnderused(root)).toBe(true);
  expect(readKhugepagedPace(folderOf({ ...OLD, ...pace }))).toBeUndefined();
});
