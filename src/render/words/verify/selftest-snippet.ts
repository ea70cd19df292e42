import type { Occupancy } from '../../../core/memory/occupancy.ts';
import { formatOrder, ordersOf } from '../../../core/memory/order.ts';
import { formatPages } from '../../../core/memory/page-list.ts';
import { formatOutcome } from '../../../core/rules/outcome.ts';
import { type SearchCase, unmappedPages } from '../../../verify/cases/search-case.ts';

/**
 * The memory and the settings of a case as C for a selftest, with plain system calls. What makes attempts
 * fail is left to whoever writes the test.
 */
export function selftestSnippet(searchCase: SearchCase): string[] {
  const { range, orders, maxPtesNone, outcomes } = searchCase;
  const { geometry, occupied, unmapped, uffdArmed } = range;
  const sizes = ordersOf(orders).map((order) => formatOrder(order, geometry));
  return [
    '/* settings, below /sys/kernel/mm/transparent_hugepage:',
    ` *   always: ${sizes.join(' ') || 'no size'}; never: every other`,
    ` *   khugepaged/max_ptes_none: ${maxPtesNone}`,
    ...outcomes.map((rule) => ` *   to be made to fail: ${formatOutcome(rule)}`),
    ' */',
    ...runsOf('runs', occupied),
    ...(unmapped > 0 ? runsOf('swapped', unmappedPages(searchCase)) : []),
    'size_t page = sysconf(_SC_PAGESIZE), huge = 512 * page;',
    'char *area = mmap(NULL, 2 * huge, PROT_READ | PROT_WRITE,',
    '\t\t  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);',
    'char *p = (char *)(((uintptr_t)area + huge - 1) & ~(huge - 1));',
    '',
    'madvise(p, huge, MADV_NOHUGEPAGE);',
    ...forEachPage('runs', ['p[n * page] = 1;']),
    ...(unmapped > 0
      ? [
          '/* needs swap */',
          ...forEachPage('swapped', ['p[n * page] = 1;', 'madvise(p + n * page, page, MADV_PAGEOUT);']),
        ]
      : []),
    ...(uffdArmed ? ARM_UFFD : []),
    'madvise(p, huge, MADV_HUGEPAGE);',
    '/* now khugepaged scans it: compare /proc/self/pagemap and kpageflags */',
  ];
}

const ARM_UFFD = [
  'int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);',
  'struct uffdio_api api = { .api = UFFD_API };',
  'struct uffdio_register armed = {',
  '\t.range = { .start = (uintptr_t)p, .len = huge },',
  '\t.mode = UFFDIO_REGISTER_MODE_MISSING,',
  '};',
  'ioctl(uffd, UFFDIO_API, &api);',
  'ioctl(uffd, UFFDIO_REGISTER, &armed);',
];

/** A table of the first and last pages of runs. */
function runsOf(name: string, pages: Occupancy): string[] {
  const runs = formatPages(pages)
    .split(',')
    .map((run) => run.split('-'));
  return [
    `static const int ${name}[][2] = {`,
    ...runs.map(([first, last = first]) => `\t{ ${first}, ${last} },`),
    '};',
  ];
}

function forEachPage(name: string, statements: readonly string[]): string[] {
  const [open, close] = statements.length > 1 ? [' {', ['\t}']] : ['', []];
  return [
    `for (size_t i = 0; i < sizeof(${name}) / sizeof(${name}[0]); i++)`,
    `\tfor (int n = ${name}[i][0]; n <= ${name}[i][1]; n++)${open}`,
    ...statements.map((statement) => `\t\t${statement}`),
    ...close,
  ];
}
