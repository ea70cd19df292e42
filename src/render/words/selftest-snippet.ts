import { formatOrder, ordersOf } from '../../core/memory/order.ts';
import { formatPages } from '../../core/memory/page-list.ts';
import { formatOutcome } from '../../core/rules/outcome.ts';
import type { SearchCase } from '../../verify/cases/search-case.ts';

/**
 * The memory and the settings of a case as C for a selftest, with plain system calls. What makes attempts
 * fail is left to whoever writes the test; undefined where memory alone cannot make the case.
 */
export function selftestSnippet({ range, orders, maxPtesNone, outcomes }: SearchCase): string[] | undefined {
  const { geometry, occupied, unmapped, uffdArmed } = range;
  if (unmapped > 0 || uffdArmed) return undefined;
  const runs = formatPages(occupied)
    .split(',')
    .map((run) => run.split('-'));
  const sizes = ordersOf(orders).map((order) => formatOrder(order, geometry));
  return [
    '/* settings, below /sys/kernel/mm/transparent_hugepage:',
    ` *   always: ${sizes.join(' ') || 'no size'}; never: every other`,
    ` *   khugepaged/max_ptes_none: ${maxPtesNone}`,
    ...outcomes.map((rule) => ` *   to be made to fail: ${formatOutcome(rule)}`),
    ' */',
    'static const int runs[][2] = {',
    ...runs.map(([first, last = first]) => `\t{ ${first}, ${last} },`),
    '};',
    'size_t page = sysconf(_SC_PAGESIZE), huge = 512 * page;',
    'char *area = mmap(NULL, 2 * huge, PROT_READ | PROT_WRITE,',
    '\t\t  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);',
    'char *p = (char *)(((uintptr_t)area + huge - 1) & ~(huge - 1));',
    '',
    'madvise(p, huge, MADV_NOHUGEPAGE);',
    'for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)',
    '\tfor (int n = runs[i][0]; n <= runs[i][1]; n++)',
    '\t\tp[n * page] = 1;',
    'madvise(p, huge, MADV_HUGEPAGE);',
    '/* now khugepaged scans it: compare /proc/self/pagemap and kpageflags */',
  ];
}
