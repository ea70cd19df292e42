import { shellCommand } from '../../../core/base/shell.ts';
import { formatOrders } from '../../../core/memory/order.ts';
import { formatPages } from '../../../core/memory/page-list.ts';
import { formatOutcome } from '../../../core/rules/outcome.ts';
import { type SearchCase, unmappedPages } from '../../../verify/cases/search-case.ts';
import type { VerifyReport } from '../../../verify/verification.ts';
import { pageSizeFlag } from '../geometry-flags.ts';
import { noneLimitWords } from '../none-limits.ts';

/** How a case is written as flags: those of `explain`. */
export function caseFlags(searchCase: SearchCase): string[] {
  const { range, orders, maxPtesNone, noneLimits, outcomes, before } = searchCase;
  return [
    `--pmd-order ${range.geometry.pmdOrder}`,
    ...pageSizeFlag(range.geometry),
    `--pattern ${formatPages(range.occupied) || "''"}`,
    ...(range.unmapped > 0 ? [`--swap ${formatPages(unmappedPages(searchCase))}`] : []),
    ...(range.uffdArmed ? ['--uffd-armed'] : []),
    `--orders ${formatOrders(orders)}`,
    `--max-ptes-none ${maxPtesNone}`,
    ...noneLimitWords(noneLimits).map((limit) => `--max-ptes-none-of ${limit}`),
    ...beforeWords(before).map((ranges) => `--before ${quoted(ranges)}`),
    ...outcomes.map((rule) => `--outcome ${quoted(formatOutcome(rule))}`),
  ];
}

/** Ranges that come before in a pass, runs of equal ones as one: `0-511*19`. */
export function beforeWords(before: SearchCase['before'] = []): string[] {
  const runs: { pages: string; times: number }[] = [];
  for (const { occupied } of before) {
    const pages = formatPages(occupied);
    const last = runs.at(-1);
    if (last?.pages === pages) last.times++;
    else runs.push({ pages, times: 1 });
  }
  return runs.map(({ pages, times }) => (times > 1 ? `${pages}*${times}` : pages));
}

/** A star is for the shell else. */
function quoted(text: string): string {
  return text.includes('*') ? `'${text}'` : text;
}

/** The command that shows a case again. */
export function caseCommand({ asked, names }: VerifyReport, searchCase: SearchCase): string {
  return `${shellCommand(['thpscope', 'verify', ...names])}${askedFlags(asked)} ${caseFlags(searchCase).join(' ')}`;
}

/** Flags that say what is tried, as they were given. */
export interface TriedFlags {
  readonly results?: string;
  readonly limitsByOrder?: boolean;
  readonly pmdOrder?: number;
  readonly cases?: number;
  readonly time?: number;
}

/** The command that verifies everything again, from the same seed; where a clock ended it, as many cases. */
export function wholeCommand(
  { asked, names, seed, cases: tried }: VerifyReport,
  { results, limitsByOrder, pmdOrder, cases, time }: TriedFlags,
): string {
  const flag = (name: string, value: string | number | undefined) =>
    value === undefined ? '' : ` --${name} ${value}`;
  return [
    shellCommand(['thpscope', 'verify', ...names]),
    askedFlags(asked),
    flag('results', results),
    limitsByOrder ? ' --limits-by-order' : '',
    flag('pmd-order', pmdOrder),
    flag('cases', time === undefined ? cases : tried),
    flag('seed', seed),
  ].join('');
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
