import { describe, expect, test } from 'vitest';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { daemonModel } from '../../src/khugepaged/daemon-model.ts';
import { formatTraceEvent, NO_PFN, type TraceEvent } from '../../src/khugepaged/trace-event.ts';
import { populate } from './populate.ts';
import { SECOND, World } from './world.ts';

const format = (event: TraceEvent, model: 'linux-7.2' | 'linux-6.18' | 'linux-6.6') =>
  formatTraceEvent(event, daemonModel(KERNEL_MODELS[model])).replace(/mm=[0-9a-f]{16}/, 'mm=%p');

describe('trace events print as the kernel prints them', () => {
  const place = { mm: 3, address: 0x7f0000000000 };
  const order = 4 as never;
  const events: [TraceEvent, string, string | undefined][] = [
    [
      {
        event: 'mm_khugepaged_scan_pmd',
        ...place,
        pfn: 0x1a2b,
        writable: true,
        referenced: 5,
        noneOrZero: 7,
        result: 'SCAN_PTE_UFFD',
        unmapped: 2,
      },
      'mm_khugepaged_scan_pmd: mm=%p, scan_pfn=0x1a2b, referenced=5, none_or_zero=7, status=pte_uffd_wp, unmapped=2',
      'mm_khugepaged_scan_pmd: mm=%p, scan_pfn=0x1a2b, writable=1, referenced=5, none_or_zero=7, status=pte_uffd_wp, unmapped=2',
    ],
    [
      { event: 'mm_collapse_huge_page', ...place, result: 'SCAN_SUCCEED', order },
      'mm_collapse_huge_page: mm=%p, isolated=1, status=succeeded, order=4',
      'mm_collapse_huge_page: mm=%p, isolated=1, status=succeeded',
    ],
    [
      {
        event: 'mm_collapse_huge_page_isolate',
        ...place,
        pfn: NO_PFN,
        noneOrZero: 1,
        referenced: 0,
        writable: false,
        result: 'SCAN_EXCEED_NONE_PTE',
        order,
      },
      'mm_collapse_huge_page_isolate: scan_pfn=0xffffffffffffffff, none_or_zero=1, referenced=0, status=exceed_none_pte, order=4',
      'mm_collapse_huge_page_isolate: scan_pfn=0xffffffffffffffff, none_or_zero=1, referenced=0, writable=0, status=exceed_none_pte',
    ],
    [
      {
        event: 'mm_collapse_huge_page_swapin',
        ...place,
        swappedIn: 3,
        referenced: 300,
        result: 'SCAN_PAGE_LOCK',
        order,
      },
      'mm_collapse_huge_page_swapin: mm=%p, swapped_in=3, referenced=300, ret=15, order=4',
      // Two names more before it, SCAN_PMD_NONE and SCAN_PAGE_RO.
      'mm_collapse_huge_page_swapin: mm=%p, swapped_in=3, referenced=300, ret=17',
    ],
    [
      { event: 'mm_khugepaged_scan', mm: 3, progress: 513, fullScanFinished: true },
      'mm_khugepaged_scan: mm=%p, progress=513, full_scan_finished=1',
      undefined,
    ],
  ];
  for (const [event, text, old] of events) {
    test(event.event, () => {
      expect(format(event, 'linux-7.2')).toBe(text);
      if (old) expect(format(event, 'linux-6.6')).toBe(old);
      // 6.18 has neither the field nor the result (test/fixtures/trace/linux-6.18).
      const of618 = old?.replace(/ writable=[01],/, '').replace('ret=17', 'ret=16');
      if (of618) expect(format(event, 'linux-6.18')).toBe(of618);
    });
  }

  test('pointers differ by process and stay the same', () => {
    const text = (mm: number) =>
      formatTraceEvent(
        { event: 'mm_khugepaged_scan', mm, progress: 1, fullScanFinished: false },
        daemonModel(KERNEL_MODELS['linux-7.3']),
      );
    expect(new Set(Array.from({ length: 200 }, (_, mm) => text(mm))).size).toBe(200);
    expect(text(7)).toBe(text(7));
  });
});

test('a kernel of old says pmd_null, and nothing of a visit', () => {
  const world = new World({ model: 'linux-6.18' });
  populate(world, { present: 'all' }, { bytes: 2 * world.range });
  world.run(SECOND);
  expect(world.lines().map((line) => line.split(':')[0])).toEqual([
    'mm_collapse_huge_page_isolate',
    'mm_collapse_huge_page',
    'mm_khugepaged_scan_pmd',
    'mm_khugepaged_scan_pmd',
  ]);
  expect(world.lines('mm_khugepaged_scan_pmd')[1]).toContain('status=pmd_null');
});
