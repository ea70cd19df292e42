import { expect, test } from 'vitest';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { touch } from '../../src/machine/fault/fault.ts';
import { madviseHugepage, madviseNohugepage } from '../../src/machine/processes/madvise.ts';
import { contents } from '../machine/world.ts';
import { PAGE, SECOND, World } from './world.ts';

test('one process, one range: the daemon wakes, scans and collapses', () => {
  const world = new World({ sizes: { 4: 'madvise' } });
  const { machine, daemon, range } = world;
  const mm = machine.createMm('one');
  const start = mmap(machine, mm, { bytes: range });
  madviseNohugepage(machine, mm, start, range);
  touch(machine, mm, start, 5 * PAGE, 7);
  madviseHugepage(machine, mm, start, range);
  expect(daemon.list.length).toBe(1);
  world.run(SECOND);
  world.expectSound();
  expect(world.lines()).toEqual([
    'mm_collapse_huge_page_isolate: scan_pfn=0x204, none_or_zero=11, referenced=5, status=succeeded, order=4',
    'mm_collapse_huge_page: isolated=1, status=succeeded, order=4',
    'mm_khugepaged_scan_pmd: scan_pfn=0x204, referenced=5, none_or_zero=11, status=succeeded, unmapped=0',
    'mm_khugepaged_scan: progress=17, full_scan_finished=0',
    'mm_khugepaged_scan: progress=1, full_scan_finished=1',
  ]);
  expect(daemon.counts).toEqual({ fullScans: 1, pagesCollapsed: 1 });
  expect(contents(machine, mm, start, 16)).toEqual([...Array(5).fill(7), ...Array(11).fill(0)]);
  expect(mm.rssPages).toBe(16);
  world.run(20 * SECOND);
  world.expectSound();
  expect(daemon.counts.fullScans).toBe(3);
  expect(world.statuses()).toEqual(['SCAN_SUCCEED', 'SCAN_PMD_MAPPED', 'SCAN_PMD_MAPPED']);
});
