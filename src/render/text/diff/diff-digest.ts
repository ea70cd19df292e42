import type {
  DigestDifference,
  HeldDifference,
  HeldPages,
} from '../../../analysis/difference/digest-difference.ts';
import { grouped } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { asOrder, formatOrder } from '../../../core/memory/order.ts';
import { machineLines, machineRows } from '../../words/diff-of-machine.ts';
import { printable } from '../../words/printable.ts';
import { layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';
import { changeTable, counterLines, settingLines, signed, timeLines } from './diff.ts';

export interface DigestDiffView {
  readonly difference: DigestDifference;
  readonly by: 'process' | 'service';
  /** Rows that are listed at most. */
  readonly top: number;
}

/** What changed between two digests, as a person reads it: sums alone, for digests hold no pages. */
export function digestDiffText({ difference, by, top }: DigestDiffView, style: Style): string {
  const { geometry, total, repeated, processes, services, machine } = difference;
  const pmdSize = formatOrder(asOrder(geometry.pmdOrder), geometry);
  const rows: [name: string, pages: (held: HeldPages) => number][] = [
    ['anonymous memory', ({ residentPages }) => residentPages],
    ['huge', ({ hugePages }) => hugePages],
    [`  mapped as ${pmdSize}`, ({ pmdMappedPages }) => pmdMappedPages],
    ['small', ({ residentPages, hugePages }) => residentPages - hugePages],
  ];
  const lines = [
    ...timeLines(machine, style),
    '',
    ...changeTable(
      rows.flatMap(([name, pages], at) => [
        [name, pages(total.before), pages(total.after)] as const,
        ...(at === 0 ? machineRows(repeated, pages(total.before), pages(total.after)) : []),
      ]),
      geometry,
      style,
    ),
    ...machineLines(repeated),
    '',
    'digests hold sums: what collapsed, was split or filled is not known page by page',
    '',
    ...settingLines(machine, style),
    ...counterLines(machine, style),
    ...heldTable(by === 'service' ? services : processes, by, top, difference, style),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function heldTable(
  held: readonly HeldDifference[],
  by: 'process' | 'service',
  top: number,
  { geometry }: DigestDifference,
  style: Style,
): string[] {
  const changed = held.filter((each) => weight(each) > 0).sort((a, b) => weight(b) - weight(a));
  if (changed.length === 0) return [];
  const size = (pages: number) => formatSize(pages, geometry);
  const rows = changed
    .slice(0, top)
    .map(({ name, processes, before, after }) => [
      printable(name),
      processes.before === processes.after
        ? String(processes.after)
        : `${processes.before} -> ${processes.after}`,
      size(after.residentPages),
      signed(after.residentPages - before.residentPages, geometry),
      size(after.hugePages),
      signed(after.hugePages - before.hugePages, geometry),
    ]);
  const titles = [
    by === 'service' ? 'SERVICE' : 'PROCESS',
    'PROCESSES',
    'MEMORY',
    'CHANGE',
    'HUGE',
    'CHANGE',
  ];
  const [title, ...body] = layOutTable(
    titles.map((each, i) => ({ title: each, align: i === 0 ? 'left' : 'right' })),
    rows,
  );
  const left = changed.length - rows.length;
  return [style.bold(title), ...body, ...(left > 0 ? [`and ${grouped(left)} more that changed less`] : [])];
}

function weight({ before, after }: HeldDifference): number {
  return Math.abs(after.residentPages - before.residentPages) + Math.abs(after.hugePages - before.hugePages);
}
