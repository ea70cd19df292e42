import type { Explanation, IgnoredRange } from '../../../analysis/prediction/explanation.ts';
import { growthOf, refusalOf } from '../../../analysis/ranges/tally.ts';
import { entryBounds } from '../../../analysis/ranges/tally-entries.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { plural } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { type Geometry, pageBytes, pagesPerRange } from '../../../core/memory/geometry.ts';
import { countPages } from '../../../core/memory/occupancy.ts';
import { asOrder, formatOrder, formatOrders, hasLowerOrder } from '../../../core/memory/order.ts';
import { unknownFacts } from '../../../core/memory/range-state.ts';
import { collapsesOf } from '../../../core/plan/collapses.ts';
import { resultName } from '../../../core/rules/kernel-model.ts';
import type { CollapsePolicy } from '../../../core/rules/policy.ts';
import type { ScanResult } from '../../../core/rules/scan-result.ts';
import { ignoredLimitLine } from '../none-limit-note.ts';
import { noneLimitLine } from '../none-limits.ts';
import { RESULT_MEANINGS, refusalLine } from './reasons.ts';
import { assumedSentences, roomSentences } from './surroundings.ts';

/** A line of an explanation, as text prints and a picture draws it. */
export interface ExplainLine {
  /** `scan` and `result` lead the parts of an explanation; a detail belongs to the line above it. */
  readonly kind: 'heading' | 'scan' | 'result' | 'detail';
  /** What stands out at the start of the line. */
  readonly label: string;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'warn' | 'bad';
  /** In characters. */
  readonly indent: number;
}

/** What stands between the label of a line and its text. */
export const AFTER_LABEL = { heading: '', scan: '  ', result: '  ', detail: '' } as const;

/** A line without its indent. */
export function plainLine({ kind, label, text }: ExplainLine): string {
  return `${label}${AFTER_LABEL[kind]}${text}`;
}

/** Which range, and what is asked about it. */
export function headingLines({
  range,
  policy,
  algorithm,
}: Pick<Explanation, 'range' | 'policy' | 'algorithm'>): ExplainLine[] {
  const { geometry } = range;
  const ignored = ignoredLimitLine(policy, geometry);
  const pages = `${pagesPerRange(geometry)} PTEs of ${formatBytes(pageBytes(geometry))}`;
  const limits = `${noneLimitLine(policy.maxPtesNone, policy.noneLimits)}, max_ptes_swap ${policy.maxPtesSwap}, max_ptes_shared ${policy.maxPtesShared}`;
  return [
    {
      ...line('heading', `, ${pages}; ${policy.model.name}, ${algorithm}`),
      label: `PMD range 0x${range.address.toString(16)}`,
    },
    line('heading', `orders ${formatOrders(policy.orders)}; ${limits}`),
    ...(ignored ? [{ ...line('heading', ignored), tone: 'warn' as const }] : []),
  ];
}

/** What the scan of the range returned and counted. */
export function scanLines({ range, policy, plan: { scan } }: Explanation): ExplainLine[] {
  const where = scan.failedAt === undefined ? '' : ` at PTE ${scan.failedAt}`;
  const counts = [
    `${countPages(scan.occupied)} occupied`,
    `${scan.noneOrZero} none or zero page`,
    `${scan.unmapped} not present`,
    `${scan.shared} shared`,
    `${scan.referenced} recently used`,
  ];
  return [
    scan.result === 'SCAN_SUCCEED'
      ? { ...labelled('scan', 'goes on to the search'), tone: 'good' }
      : {
          ...labelled(
            'scan',
            `${resultName(scan.result, policy.model)}${where}: ${RESULT_MEANINGS[scan.result]}`,
          ),
          tone: 'bad',
        },
    ...(scan.pmdRefusal ? [detail(6, pmdRefusalLine(scan.pmdRefusal, policy, range.geometry))] : []),
    ...(range.pmdMapped ? [] : [detail(6, `${counts.join(', ')} (${scan.looked} PTEs looked at)`)]),
  ];
}

function pmdRefusalLine(refusal: ScanResult, { model, orders }: CollapsePolicy, geometry: Geometry): string {
  const others = hasLowerOrder(orders, asOrder(geometry.pmdOrder)) ? '; smaller sizes go on' : '';
  return `not at the PMD size: ${resultName(refusal, model)}, ${RESULT_MEANINGS[refusal]}${others}`;
}

/** What came of it, what it costs, and what was assumed. */
export function resultLines({
  range,
  policy,
  plan,
  cost,
  creep,
  assumed,
  limits,
}: Explanation): ExplainLine[] {
  const { geometry } = range;
  const refusal = refusalOf({ ignored: undefined, plan });
  const lines = [labelled('result', resultName(plan.result, policy.model))];
  if (refusal) {
    // The reason of a failed scan stands there already.
    if (plan.scan.result === 'SCAN_SUCCEED')
      lines.push(detail(8, `nothing collapses: ${refusalLine(refusal, policy.orders)}`));
  } else {
    const windows = collapsesOf(plan).map(
      ({ offset, order }) => `${offset}:${order} (${formatOrder(order, geometry)})`,
    );
    const growth = growthOf(cost);
    const { onePerFolio, onePerPmdOrPage } = entryBounds(cost, geometry);
    lines.push(
      detail(8, `${plural(windows.length, 'collapse')}: ${windows.join(' ')}`),
      detail(
        8,
        `${plural(cost.coveredPages, 'page')} covered: ${cost.copiedPages} copied, ${cost.filledPages} filled; ` +
          `RSS ${growth === 0 ? 'unchanged' : `+${formatSize(growth, geometry)}`}`,
      ),
      detail(
        8,
        `TLB entries ${onePerFolio.before} -> ${onePerFolio.after} if a folio takes one; ` +
          `${onePerPmdOrPage.before} -> ${onePerPmdOrPage.after} if only PMD entries map more than a page`,
      ),
    );
  }
  if (creep.length > 0) {
    const resident = [countPages(range.facts.present) + cost.filledPages, ...creep];
    const passes = plural(creep.length, 'further pass', 'further passes');
    lines.push(
      detail(
        8,
        resident[0] === resident.at(-1)
          ? `${passes} ${creep.length === 1 ? 'collapses' : 'collapse'} more`
          : `creeps, though nobody touches it: ${resident.join(' -> ')} pages resident in ${passes}`,
      ),
    );
  }
  for (const sentence of roomSentences(limits)) lines.push(detail(8, sentence));
  const sentences = assumedSentences(new Set(assumed), new Set(unknownFacts(range)));
  if (sentences.length > 0) {
    const heading = detail(0, 'assumed, because it cannot be seen:');
    lines.push(detail(0, ''), heading, ...sentences.map((sentence) => detail(2, sentence)));
  }
  return lines;
}

/** Why nothing happens to a range that khugepaged does not look at. */
export function ignoredLines({ ignored, policy, firstWhole }: IgnoredRange): ExplainLine[] {
  const why = `khugepaged does not look at this range: ${refusalLine(ignored, policy.orders)}`;
  const first = `the first whole range of the VMA is 0x${firstWhole?.toString(16)}`;
  return [labelled('result', why), ...(firstWhole === undefined ? [] : [detail(8, first)])];
}

/** A line that stands as it is. */
export function line(kind: ExplainLine['kind'], text: string): ExplainLine {
  return { kind, label: '', text, tone: 'plain', indent: 0 };
}

export function labelled(kind: 'scan' | 'result', text: string): ExplainLine {
  return { ...line(kind, text), label: kind };
}

export function detail(indent: number, text: string): ExplainLine {
  return { ...line('detail', text), indent };
}
