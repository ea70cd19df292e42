import type { Params } from './steps-state.ts';

/** A case worth looking at. */
export interface StepsPreset {
  readonly id: string;
  readonly title: string;
  /** What to look for, in a sentence. */
  readonly look: string;
  readonly params: Params;
}

interface PresetGroup {
  readonly title: string;
  readonly presets: readonly StepsPreset[];
}

const ALL_FAIL = '2-9=SCAN_PAGE_COUNT';

/** Cases of the review thread (docs/thread.md), of docs/verify.md, and of what a search has to get right. */
export const PRESET_GROUPS: readonly PresetGroup[] = [
  {
    title: 'The search',
    presets: [
      {
        id: 'example',
        title: 'Four windows in two runs of pages',
        look: 'At each offset the largest aligned size that is full is taken: four windows, none above 32K.',
        params: { present: '4-7,12-27', orders: '2-8', limit: '0' },
      },
      {
        id: 'one-page',
        title: 'One page is enough for 2M',
        look: 'With max_ptes_none 511, the default, the first window is tried at once and the others never.',
        params: { present: '37', orders: 'all', limit: '511' },
      },
      {
        id: 'fallback',
        title: 'No free memory above 256K',
        look: 'Every failed allocation descends by one order, and each half is tried by itself.',
        params: { present: 'all', orders: 'all', limit: '511', outcomes: '7-9=SCAN_ALLOC_HUGE_PAGE_FAIL' },
      },
      {
        id: 'pinned',
        title: 'A page pinned after the scan',
        look: 'All windows with PTE 37 in them fail, and the largest windows around it collapse.',
        params: {
          present: 'all',
          orders: 'all',
          limit: '0',
          outcomes: ['0:6-9', '32:5', '32:4', '32:3', '36:2']
            .map((each) => `${each}=SCAN_PAGE_COUNT`)
            .join(' '),
        },
      },
      {
        id: 'charge',
        title: 'The memory cgroup is full',
        look: 'SCAN_CGROUP_CHARGE_FAIL ends the search; what collapsed before stays, so the result is SCAN_SUCCEED.',
        params: {
          present: 'all',
          orders: '3,6,9',
          limit: '0',
          outcomes: '0:9=SCAN_PAGE_COUNT 64:6=SCAN_CGROUP_CHARGE_FAIL',
        },
      },
      {
        id: 'folios',
        title: 'Large folios are there already',
        look: 'SCAN_PTE_MAPPED_HUGEPAGE skips the window: nothing smaller is tried inside, and nothing is returned for it.',
        params: { present: '0-95', orders: '2-6', limit: '0', folios: '4@64-79 5@0-31' },
      },
      {
        id: 'swap',
        title: 'Swapped pages count at 2M only',
        look: '480 pages and 32 swapped ones fill the PMD order; the same pages without swap would give four windows.',
        params: { present: '0-479', swapped: '480-511', orders: 'all', limit: '0' },
      },
      {
        id: 'arm64-16k',
        title: 'arm64 with 16K pages',
        look: 'A PMD range of 2048 PTEs is searched in the same way: 64K at its start, 16M from the middle on.',
        params: { present: '0-3,1024-2047', orders: 'all', limit: '0', pmd: '11' },
      },
    ],
  },
  {
    title: 'The review thread',
    presets: [
      {
        id: 'all-fail',
        title: 'Walk and stack when everything fails',
        look: 'The same 255 windows in the same order; the stack holds at most 8 windows, the walk an offset and an order.',
        params: { present: 'all', orders: 'all', limit: '0', outcomes: ALL_FAIL },
      },
      {
        id: 'stack-drawn',
        title: 'The stack, drawn correctly',
        look: '12:2 is on the stack only between 8:3 and its own turn; the drawings of the thread have it there earlier.',
        params: { present: 'all', orders: 'all', limit: '0', pmd: '4', outcomes: '2-4=SCAN_PAGE_COUNT' },
      },
      {
        id: 'v17',
        title: 'v17 descends into disabled orders',
        look: 'With 64K alone enabled v17 goes down to order 2 all the same: the same attempts, many more steps.',
        params: { present: '0-15,100', orders: '4', limit: '511', right: 'stack-descend' },
      },
      {
        id: 'no-orders',
        title: 'No size enabled any more',
        look: 'Settings changed after the VMA was checked: the walk takes one step, v17 goes through all windows.',
        params: { present: '0', orders: 'none', limit: '0', pmd: '3', right: 'stack-descend' },
      },
      {
        id: 'patch11',
        title: 'v18, patch 11 alone',
        look: 'There every failure descends: it searches inside a folio of that size, which the walk skips.',
        params: {
          present: '0-31',
          orders: '2-5',
          limit: '0',
          right: 'stack-patch11',
          outcomes: '0:4=SCAN_PTE_MAPPED_HUGEPAGE 0:5=SCAN_PAGE_COUNT',
        },
      },
      {
        id: 'v18-swap',
        title: 'v18 forgets swapped pages',
        look: 'Under the rules of v18 swapped pages do not count at the PMD order, so nothing but small windows are left.',
        params: { present: '0-479', swapped: '480-511', orders: 'all', limit: '0', right: 'v18' },
      },
      {
        id: 'disabled',
        title: 'Orders in between are disabled',
        look: 'With 2M and 64K enabled the orders between are stepped through but not tried: 18 windows of 64K.',
        params: { present: '0-299', orders: '4,9', limit: '0' },
      },
    ],
  },
  {
    title: 'Mistakes of the thread',
    presets: [
      {
        id: 'highest-bit',
        title: 'The next order is the integer logarithm of the offset',
        look: 'At offset 12 the highest set bit gives order 3, which is not aligned there and leaves the range.',
        params: {
          present: '12',
          orders: '2-3',
          limit: '15',
          pmd: '4',
          right: 'next-order-by-highest-bit',
          outcomes: '8:3=SCAN_PAGE_COUNT',
        },
      },
      {
        id: 'small-step',
        title: 'The step after a failure is too small',
        look: 'Half a window further and still at that order is not aligned.',
        params: {
          present: '2',
          orders: '2',
          limit: '7',
          pmd: '3',
          right: 'step-too-small',
          outcomes: '0:2=SCAN_PAGE_COUNT',
        },
      },
      {
        id: 'bit-of-zero',
        title: 'The lowest set bit of offset 0',
        look: 'There is none: whoever computes one begins with single pages and misses the first window.',
        params: { present: '0', orders: '2', limit: '7', pmd: '3', right: 'lowest-bit-of-zero' },
      },
      {
        id: 'no-swap',
        title: 'Swapped PTEs do not count at the PMD order',
        look: 'v19 before its fix: five of five for the walk, four of five for the other.',
        params: {
          present: '0-3',
          swapped: '4',
          orders: '3',
          limit: '3',
          pmd: '3',
          right: 'swap-not-counted',
        },
      },
      {
        id: 'no-skip',
        title: 'A window with a large folio in it is not skipped',
        look: 'After SCAN_PTE_MAPPED_HUGEPAGE the walk is done with the window; the other splits work inside it.',
        params: {
          present: '0',
          orders: '2-3',
          limit: '7',
          pmd: '3',
          right: 'no-skip-of-large-folios',
          outcomes: '0:3=SCAN_PTE_MAPPED_HUGEPAGE',
        },
      },
      {
        id: 'left-pushed-first',
        title: 'Left is pushed before right',
        look: 'The right half is popped first: the same windows, in another order.',
        params: { present: '0,4', orders: '2', limit: '7', pmd: '3', right: 'right-before-left' },
      },
    ],
  },
  {
    title: 'Why only 0 and 511',
    presets: [
      {
        id: 'scaled',
        title: 'A scaled limit creeps',
        look: 'With max_ptes_none 384 one page makes 16K under the rules of v1; take its next pass, and see it grow to 2M.',
        params: { present: '0', orders: 'all', limit: '384', right: 'scaled' },
      },
      {
        id: 'capped',
        title: 'A cap stops the climb, not the creep',
        look: 'Three and two pages become 16K and then 32K under the rules of v11, one pass after the other.',
        params: { present: '0-2,4-5', orders: 'all', limit: '128', right: 'capped' },
      },
      {
        id: 'between',
        title: '255 counts as 0 below 2M',
        look: 'The limit holds for the PMD order alone, which still lacks one page; 64K must be full, as if it were 0.',
        params: { present: '0-255', orders: '4,9', limit: '255' },
      },
    ],
  },
  {
    title: 'The proposed rebuild',
    presets: [
      {
        id: 'rounds',
        title: 'Attempts in rounds',
        look: 'What failed is tried again at lower orders only after the rest of the round.',
        params: {
          present: '0,8',
          orders: '2-3',
          limit: '15',
          pmd: '4',
          right: 'rounds',
          outcomes: '0:3=SCAN_PAGE_COUNT',
        },
      },
      {
        id: 'rounds-stop',
        title: 'A result that ends the search',
        look: 'Windows of the same round have been attempted already when the charge fails.',
        params: {
          present: '0,4',
          orders: '2',
          limit: '7',
          pmd: '3',
          right: 'rounds',
          outcomes: '0:2=SCAN_CGROUP_CHARGE_FAIL',
        },
      },
      {
        id: 'rounds-reported',
        title: 'Which failure is reported',
        look: 'The same attempts: the walk returns the failed allocation, the rebuild the last reason.',
        params: {
          present: '0',
          orders: '2-3',
          limit: '7',
          pmd: '3',
          right: 'rounds',
          outcomes: '0:3=SCAN_ALLOC_HUGE_PAGE_FAIL 0:2=SCAN_PAGE_COUNT',
        },
      },
      {
        id: 'rounds-reclaim',
        title: 'An allocation is tried again with reclaim',
        look: 'SCAN_ALLOC_LIGHT_MISS ends the walk; the rebuild tries the window once more, and may then reclaim.',
        params: {
          present: '0',
          orders: '2',
          limit: '7',
          pmd: '3',
          right: 'rounds',
          outcomes: '0:2=SCAN_ALLOC_LIGHT_MISS',
        },
      },
    ],
  },
];

export const PRESETS: readonly StepsPreset[] = PRESET_GROUPS.flatMap(({ presets }) => presets);
