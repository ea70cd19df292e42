import {
  growthOf,
  isHuge,
  laterAttemptsOf,
  machineGrowthOf,
  machinePagesOf,
  machineRestartOf,
  type Refusal,
  type RefusedMemory,
  type Tally,
} from '../../../analysis/ranges/tally.ts';
import { tallyEntries } from '../../../analysis/ranges/tally-entries.ts';
import type { SearchedPolicy } from '../../../analysis/ranges/verdict.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { type Geometry, rangeBytes } from '../../../core/memory/geometry.ts';
import type { OrderSet } from '../../../core/memory/order.ts';
import { resultName } from '../../../core/rules/kernel-model.ts';
import type { CollapsePolicy } from '../../../core/rules/policy.ts';
import { isScanResult } from '../../../core/rules/scan-result.ts';
import type { TlbReach } from '../../../core/rules/tlb-reach.ts';
import { refusalLine } from '../../words/explain/reasons.ts';
import { reachWords } from '../../words/tlb-words.ts';
import { bySizeLine, field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';
import { restartLines } from './restart.ts';

/** What predictions added up say: before, after, the price, what stays as it is and why. One fact a line. */
export function tallyLines(tally: Tally, policy: SearchedPolicy, reach: TlbReach, style: Style): string[] {
  const restart = restartLines(tally.restart, tally.residentPages, tally.geometry);
  return linesOf(tally, [], restart, policy, reach, style);
}

/** The same of several processes: what they share counts once in the memory of the machine. */
export function togetherLines(tally: Tally, policy: SearchedPolicy, reach: TlbReach, style: Style): string[] {
  const { geometry, repeatedPages } = tally;
  if (repeatedPages === 0) return tallyLines(tally, policy, reach, style);
  const once = formatSize(machinePagesOf(tally), geometry);
  const repeated = formatSize(repeatedPages, geometry);
  const shared = field('', `${once} of the machine: ${repeated} are pages that they share with each other`);
  const restart = restartLines(machineRestartOf(tally), machinePagesOf(tally), geometry, 'machine');
  return linesOf(tally, [shared], restart, policy, reach, style);
}

function linesOf(
  tally: Tally,
  shared: readonly string[],
  restart: readonly string[],
  policy: SearchedPolicy,
  reach: TlbReach,
  style: Style,
): string[] {
  const { geometry } = tally;
  const { before, after } = tally.pmdMappedPages;
  const now = {
    pagesByOrder: tally.pagesBefore,
    pmdMappedPages: before,
    inUsePages: tally.residentPages,
    filledPages: 0,
  };
  const then = {
    pagesByOrder: tally.pagesAfter,
    pmdMappedPages: after,
    inUsePages: tally.residentPages + tally.swappedInPages,
    filledPages: tally.filledPages,
  };
  const lines = [
    field(
      'memory',
      `${formatSize(tally.residentPages, geometry)} anonymous; khugepaged scans ${plural(tally.scanned, 'PMD range')} of ${formatBytes(rangeBytes(geometry))}`,
    ),
    ...shared,
    field('huge now', bySizeLine(now, geometry)),
    field('huge then', `khugepaged: ${style.good(bySizeLine(then, geometry))}`),
    field('RSS', growthLine(tally, policy, style)),
    ...machineGrowthLines(tally),
    field(
      'work',
      `${plural(sum(tally.collapses), 'collapse')} in ${plural(tally.attempts, 'attempt')}, ${formatSize(tally.copiedPages, geometry)} copied`,
    ),
    ...laterLines(tally, policy),
    field('TLB entries', tlbLine(tally, reach)),
    ...restart,
  ];
  for (const [result, count] of [...tally.failedAttempts].sort(([, a], [, b]) => b - a)) {
    const name = resultName(result, policy.model);
    lines.push(
      field(
        'failed',
        `${plural(count, 'attempt')}: ${refusalLine(result, policy.orders)} ${style.dim(`(${name})`)}`,
      ),
    );
  }
  const refused = [...tally.refused].sort(
    ([a, x], [b, y]) => Number(isHuge(a)) - Number(isHuge(b)) || y.pages - x.pages,
  );
  if (tally.leftSmallPages > 0) {
    lines.push(
      field('left small', `${formatSize(tally.leftSmallPages, geometry)} in ranges that collapse in part`),
    );
  }
  refused.forEach(([refusal, { ranges, pages }], index) => {
    const label = isHuge(refusal) ? 'already huge' : index === 0 ? 'unchanged' : '';
    const code = isScanResult(refusal) ? style.dim(` (${resultName(refusal, policy.model)})`) : '';
    const reason = refusalLine(refusal, policy.orders);
    lines.push(
      field(label, `${formatSize(pages, geometry)} resident in ${plural(ranges, 'range')}: ${reason}${code}`),
    );
  });
  return lines;
}

/** Why most of what stays as it is does so, in few words; empty if all of it is huge already. */
export function mainRefusal(tally: Tally, orders: OrderSet): string {
  const [biggest] = [...tally.refused]
    .filter(([refusal]) => !isHuge(refusal))
    .sort(([, a], [, b]) => b.pages - a.pages);
  return biggest ? refusedLine(biggest, tally.geometry, orders) : '';
}

/** "348K at VMA edges". */
export function refusedLine(
  [refusal, { pages }]: readonly [Refusal, RefusedMemory],
  geometry: Geometry,
  orders: OrderSet,
): string {
  const reason = refusal === 'vma-edge' ? 'at VMA edges' : refusalLine(refusal, orders);
  return `${formatSize(pages, geometry)} ${reason}`;
}

/** What every later pass tries in vain; nothing where it tries nothing. */
function laterLines(tally: Tally, policy: SearchedPolicy): string[] {
  const later = laterAttemptsOf(tally, policy);
  if (later === 0) return [];
  return [
    field(
      'later passes',
      later === undefined
        ? 'not known from one pass where attempts fail; advise and sweep count what is tried again'
        : `${plural(later, 'attempt')} each that change nothing`,
    ),
  ];
}

function growthLine(tally: Tally, policy: CollapsePolicy, style: Style): string {
  const growth = growthOf(tally);
  if (growth === 0) return 'stays the same';
  const share =
    tally.residentPages > 0 ? ` (+${Math.round((100 * growth) / tally.residentPages)}% of this memory)` : '';
  const causes = [
    ...(tally.filledPages > 0 ? [`max_ptes_none ${policy.maxPtesNone} lets empty pages be filled`] : []),
    ...(tally.swappedInPages > 0
      ? [`${formatSize(tally.swappedInPages, tally.geometry)} comes back from swap`]
      : []),
  ];
  return style.warn(`grows by ${formatSize(growth, tally.geometry)}${share}: ${causes.join('; ')}`);
}

/** What the machine pays beside the process, where it copies what others go on using. */
function machineGrowthLines(tally: Tally): string[] {
  const { copiedSharedPages, freedSharedPages, geometry } = tally;
  if (copiedSharedPages === 0) return [];
  const size = (pages: number) => formatSize(pages, geometry);
  const growth = machineGrowthOf(tally);
  const copied = `${size(copiedSharedPages)} of shared pages are copied`;
  const kept = 'stay with the processes that share them, until the last of those collapses, too';
  if (freedSharedPages === 0)
    return [field('machine', `grows by up to ${size(growth)}: ${copied} and the originals ${kept}`)];
  const freed = `${size(freedSharedPages)} of originals are freed, as all who share them collapse`;
  const rest = copiedSharedPages > freedSharedPages ? `; the other originals ${kept}` : '';
  return [
    field(
      'machine',
      `${growth === 0 ? 'stays the same' : `grows by up to ${size(growth)}`}: ${copied}, ${freed}${rest}`,
    ),
  ];
}

function tlbLine(tally: Tally, reach: TlbReach): string {
  const { before, after, restart } = tallyEntries(tally, reach.pages);
  const counted = reachWords(reach, tally.geometry);
  return `${grouped(before)} -> khugepaged: ${grouped(after)}; page faults, after a restart: ${grouped(restart)}; ${counted}`;
}
