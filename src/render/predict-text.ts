import type { Prediction, ProcessPrediction, VmaPrediction } from '../analysis/prediction.ts';
import { type Refusal, sum, type Tally } from '../analysis/tally.ts';
import { formatBytes } from '../core/bytes.ts';
import { type Geometry, pageBytes, rangeBytes } from '../core/geometry.ts';
import { resultName } from '../core/kernel-model.ts';
import { asOrder, formatOrder } from '../core/order.ts';
import type { CollapsePolicy } from '../core/policy.ts';
import { ASSUMPTIONS } from '../core/range-state.ts';
import type { ScanResult } from '../core/scan-result.ts';
import type { ThpSettings } from '../core/thp-settings.ts';
import { layOutTable } from './columns.ts';
import { refusalText } from './reasons.ts';
import type { Style } from './style.ts';

/** Processes that a summary shows in full when there are few, and as lines of a table when there are more. */
const FEW_PROCESSES = 3;
const TABLE_ROWS = 20;

export interface PredictView {
  readonly prediction: Prediction;
  readonly settings: ThpSettings;
  /** The policy of memory with VM_HUGEPAGE. */
  readonly policy: CollapsePolicy;
  /** Whether the settings are those in force, so that the kernel's own word on eligibility can be compared. */
  readonly settingsInForce: boolean;
  /** One section a process and one line a VMA, however many there are. */
  readonly verbose: boolean;
}

/** A prediction of processes as a person reads it. */
export function predictText(view: PredictView, style: Style): string {
  const { prediction, verbose } = view;
  const shown = prediction.processes.filter(({ tally }) => tally.ranges > 0);
  const empty = prediction.processes.length - shown.length;
  const detailed = verbose || shown.length <= FEW_PROCESSES;
  const lines = [...settingsLines(view, style), ''];
  if (detailed) {
    for (const process of shown) lines.push(...processLines(process, view, style), '');
  } else {
    lines.push(...tableLines(shown, style), '');
  }
  if (shown.length !== 1) {
    const title = `${style.bold('all together')}: ${plural(shown.length, 'process', 'processes')}`;
    lines.push(title, ...tallyLines(prediction.total, view.policy, style), '');
  }
  if (empty > 0) lines.push(`${plural(empty, 'process has', 'processes have')} no anonymous memory.`);
  lines.push(...skippedLines(prediction), ...assumptionLines(prediction.total));
  return `${lines.join('\n').trimEnd()}\n`;
}

function settingsLines({ settings, policy, prediction }: PredictView, style: Style): string[] {
  const { geometry } = prediction.total;
  const sizes = [...settings.sizes]
    .filter(([, word]) => word !== 'never')
    .map(([order, word]) => `${formatOrder(order, geometry)} ${word}`);
  return [
    `as ${style.bold(policy.model.name)} decides; enabled ${settings.enabled}, sizes: ${sizes.join(', ') || 'none'}`,
    `max_ptes_none ${settings.maxPtesNone}, max_ptes_swap ${settings.maxPtesSwap}, max_ptes_shared ${settings.maxPtesShared}`,
  ];
}

function processLines(prediction: ProcessPrediction, view: PredictView, style: Style): string[] {
  const { process, tally, otherBytes, disputedBytes } = prediction;
  const lines = [
    `${style.bold(`${process.command} (pid ${process.pid})`)}${process.cgroup && process.cgroup !== '/' ? style.dim(`  ${process.cgroup}`) : ''}`,
    ...tallyLines(tally, view.policy, style),
  ];
  if (otherBytes > 0)
    lines.push(field('not covered', `${formatBytes(otherBytes)} of file and shared memory`));
  if (view.settingsInForce && disputedBytes > 0) {
    lines.push(
      field(
        'note',
        `THPeligible in smaps disagrees with the settings on ${formatBytes(disputedBytes)}: a prctl may differ`,
      ),
    );
  }
  if (view.verbose) lines.push('', ...vmaLines(prediction.vmas));
  return lines;
}

/** What a tally says: before, after, price, refusals. */
function tallyLines(tally: Tally, policy: CollapsePolicy, style: Style): string[] {
  const { geometry } = tally;
  const size = (pages: number) => formatBytes(pages * pageBytes(geometry));
  const growth = tally.filledPages + tally.swappedInPages;
  const lines = [
    field(
      'memory',
      `${size(tally.residentPages)} resident in ${plural(tally.ranges, 'PMD range')} of ${formatBytes(rangeBytes(geometry))}`,
    ),
    field('huge now', sizesText(tally.pagesBefore, tally.residentPages, geometry)),
    field('will be huge', style.good(sizesText(tally.pagesAfter, tally.residentPages + growth, geometry))),
    field('RSS', growthText(tally, style)),
    field(
      'work',
      `${plural(sum(tally.collapses), 'collapse')} in ${plural(tally.attempts, 'attempt')}, ${size(tally.copiedPages)} copied`,
    ),
    field(
      'TLB entries',
      `${change(tally.tlbFolio)} if a folio takes one; ${change(tally.tlbPmd)} if only PMD entries map more than a page`,
    ),
  ];
  for (const [result, count] of sortedByCount(tally.failedAttempts)) {
    lines.push(
      field(
        'failed',
        `${plural(count, 'attempt')}: ${resultName(result, policy.model)}, ${refusalText(result)}`,
      ),
    );
  }
  const refused = [...tally.refused].sort(([, a], [, b]) => b.pages - a.pages || b.ranges - a.ranges);
  refused.forEach(([refusal, { ranges, pages }], index) => {
    const code = refusal.startsWith('SCAN_')
      ? style.dim(` (${resultName(refusal as ScanResult, policy.model)})`)
      : '';
    lines.push(
      field(
        index === 0 ? 'unchanged' : '',
        `${size(pages)} in ${plural(ranges, 'range')}: ${refusalText(refusal)}${code}`,
      ),
    );
  });
  return lines;
}

function growthText(tally: Tally, style: Style): string {
  const bytes = (pages: number) => formatBytes(pages * pageBytes(tally.geometry));
  const growth = tally.filledPages + tally.swappedInPages;
  if (growth === 0) return 'stays the same';
  const share = tally.residentPages > 0 ? ` (+${((100 * growth) / tally.residentPages).toFixed(1)}%)` : '';
  const swapped = tally.swappedInPages > 0 ? `, ${bytes(tally.swappedInPages)} of it swapped in` : '';
  return style.warn(`grows by ${bytes(growth)}${share}${swapped}`);
}

/** "512M of 1G: 64K 12M, 2M 500M", or "none". */
function sizesText(pagesByOrder: readonly number[], resident: number, geometry: Geometry): string {
  const bytes = (pages: number) => formatBytes(pages * pageBytes(geometry));
  const huge = sum(pagesByOrder.slice(1));
  if (huge === 0) return 'nothing';
  const sizes = pagesByOrder
    .map((pages, order) => ({ order, pages }))
    .filter(({ order, pages }) => order > 0 && pages > 0)
    .map(({ order, pages }) => `${bytes(pages)} in ${formatOrder(asOrder(order), geometry)}`);
  return `${bytes(huge)}, ${((100 * huge) / resident).toFixed(0)}%: ${sizes.reverse().join(', ')}`;
}

function tableLines(processes: readonly ProcessPrediction[], style: Style): string[] {
  const bySize = [...processes].sort((a, b) => b.tally.residentPages - a.tally.residentPages);
  const rows = bySize.slice(0, TABLE_ROWS).map(({ process, tally }) => {
    const bytes = (pages: number) => formatBytes(pages * pageBytes(tally.geometry));
    const growth = tally.filledPages + tally.swappedInPages;
    const biggest = [...tally.refused].sort(([, a], [, b]) => b.pages - a.pages)[0];
    return [
      String(process.pid),
      process.command,
      bytes(tally.residentPages),
      bytes(sum(tally.pagesBefore.slice(1))),
      bytes(sum(tally.pagesAfter.slice(1))),
      growth > 0 ? `+${bytes(growth)}` : '-',
      String(sum(tally.collapses)),
      biggest ? `${bytes(biggest[1].pages)} ${shortRefusal(biggest[0])}` : '',
    ];
  });
  const [title, ...body] = layOutTable(
    [
      { title: 'PID', align: 'right' },
      { title: 'COMMAND', align: 'left' },
      { title: 'MEMORY', align: 'right' },
      { title: 'HUGE NOW', align: 'right' },
      { title: 'WILL BE', align: 'right' },
      { title: 'GROWTH', align: 'right' },
      { title: 'COLLAPSES', align: 'right' },
      { title: 'UNCHANGED, MOSTLY', align: 'left' },
    ],
    rows,
  );
  const more = processes.length - rows.length;
  return [
    style.bold(title),
    ...body,
    ...(more > 0 ? [`${plural(more, 'smaller process', 'smaller processes')} not shown; -v shows all`] : []),
  ];
}

function shortRefusal(refusal: Refusal): string {
  return refusal === 'vma-edge' ? 'at VMA edges' : refusalText(refusal);
}

function vmaLines(vmas: readonly VmaPrediction[]): string[] {
  const rows = vmas
    .filter(({ tally }) => tally.ranges > 0)
    .map(({ vma, tally }) => {
      const bytes = (pages: number) => formatBytes(pages * pageBytes(tally.geometry));
      const growth = tally.filledPages + tally.swappedInPages;
      const refused = [...tally.refused].map(
        ([refusal, { pages }]) => `${bytes(pages)} ${shortRefusal(refusal)}`,
      );
      return [
        `${vma.start.toString(16)}-${vma.end.toString(16)}`,
        vma.name || 'anonymous',
        bytes(tally.residentPages),
        bytes(sum(tally.pagesBefore.slice(1))),
        bytes(sum(tally.pagesAfter.slice(1))),
        growth > 0 ? `+${bytes(growth)}` : '-',
        refused.join(', '),
      ];
    });
  return layOutTable(
    [
      { title: '  VMA', align: 'left' },
      { title: 'NAME', align: 'left' },
      { title: 'MEMORY', align: 'right' },
      { title: 'HUGE NOW', align: 'right' },
      { title: 'WILL BE', align: 'right' },
      { title: 'GROWTH', align: 'right' },
      { title: 'UNCHANGED', align: 'left' },
    ],
    rows.map(([range, ...rest]) => [`  ${range}`, ...rest]),
  );
}

function skippedLines({ skipped }: Prediction): string[] {
  const denied = skipped.filter(({ failure }) => failure.kind === 'permission').length;
  const others = skipped.filter(({ failure }) => failure.kind !== 'permission');
  return [
    ...(denied > 0
      ? [`${plural(denied, 'process', 'processes')} may not be read by this user (permission denied).`]
      : []),
    ...others.map(({ failure }) => failure.message),
  ];
}

function assumptionLines(tally: Tally): string[] {
  if (tally.unknown.size === 0) return [];
  return [
    `assumed, because it cannot be seen: ${[...tally.unknown].map((fact) => ASSUMPTIONS[fact]).join('; ')}.`,
  ];
}

function change({ before, after }: { readonly before: number; readonly after: number }): string {
  return `${before.toLocaleString('en-US')} -> ${after.toLocaleString('en-US')}`;
}

function sortedByCount<T>(counts: ReadonlyMap<T, number>): [T, number][] {
  return [...counts].sort(([, a], [, b]) => b - a);
}

function field(name: string, value: string): string {
  return `  ${name.padEnd(13)} ${value}`;
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
