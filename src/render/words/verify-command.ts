import { shellCommand } from '../../core/base/shell.ts';
import { formatOrders, ordersOf } from '../../core/memory/order.ts';
import { formatPages } from '../../core/memory/page-list.ts';
import { type SearchCase, unmappedPages } from '../../verify/search-case.ts';
import type { VerifyReport } from '../../verify/verification.ts';

/** How a case is written as flags: those of `explain`. */
export function caseFlags(searchCase: SearchCase): string[] {
  const { range, orders, maxPtesNone, outcomes } = searchCase;
  return [
    `--pmd-order ${range.geometry.pmdOrder}`,
    `--pattern ${formatPages(range.occupied) || "''"}`,
    ...(range.unmapped > 0 ? [`--swap ${formatPages(unmappedPages(searchCase))}`] : []),
    ...(range.uffdArmed ? ['--uffd-armed'] : []),
    `--orders ${formatOrders(orders)}`,
    `--max-ptes-none ${maxPtesNone}`,
    ...outcomes.flatMap(({ offset, orders: ofRule, result }) =>
      ordersOf(ofRule).map(
        (order) => `--outcome ${offset === undefined ? '' : `${offset}:`}${order}=${result}`,
      ),
    ),
  ];
}

/** The command that shows a case again. */
export function caseCommand({ asked, names }: VerifyReport, searchCase: SearchCase): string {
  return `${shellCommand(['thpscope', 'verify', ...names])}${askedFlags(asked)} ${caseFlags(searchCase).join(' ')}`;
}

/** The command that verifies everything again, from the same seed. */
export function wholeCommand(
  { asked, names, seed }: VerifyReport,
  { results, pmdOrder }: { readonly results: string | undefined; readonly pmdOrder: number | undefined },
): string {
  const ends =
    (results === undefined ? '' : ` --results ${results}`) +
    (pmdOrder === undefined ? '' : ` --pmd-order ${pmdOrder}`);
  return `${shellCommand(['thpscope', 'verify', ...names])}${askedFlags(asked)}${ends} --seed ${seed}`;
}

function askedFlags(asked: VerifyReport['asked']): string {
  switch (asked.kind) {
    case 'equivalence':
      return asked.relation === 'attempts' ? '' : ` --relation ${asked.relation}`;
    case 'properties':
      return '';
    case 'optimality':
      return ` --against optimal --objective ${asked.objective}`;
  }
}
