import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import type { CollapseLimits } from '../../core/rules/policy.ts';
import { type ProbeRange, rangeLine } from '../probe/probe-batch.ts';

/** A VMA of a process of the guest: ranges, and so many pages before and after them. */
export interface ProbeArea {
  readonly lead: number;
  readonly tail: number;
  /** Whether it is MADV_HUGEPAGE; khugepaged looks at no other. */
  readonly advised: boolean;
  readonly ranges: readonly ProbeRange[];
}

/** Processes that khugepaged finds when it wakes, and how it goes about them. */
export interface DaemonBatch extends CollapseLimits {
  readonly geometry: Geometry;
  readonly orders: OrderSet;
  readonly pagesToScan: number;
  /** Full scans that it is given. */
  readonly scans: number;
  /** Memory is short but for free blocks of this order, and nothing is reclaimed; 0 for plenty. */
  readonly freeOrder: number;
  /** The areas of each process. */
  readonly processes: readonly (readonly ProbeArea[])[];
}

/** The lines that ask the probe (kernel-lab/README.md). */
export function daemonRequest(batch: DaemonBatch): string[] {
  const { orders, maxPtesNone, maxPtesSwap, maxPtesShared, pagesToScan, scans, freeOrder, processes } = batch;
  const limits = `${maxPtesNone} ${maxPtesSwap} ${maxPtesShared}`;
  return [
    `daemon ${orders.toString(16)} ${limits} ${pagesToScan} ${scans} ${freeOrder} ${processes.length}`,
    ...processes.flatMap((areas) => [
      `process ${areas.length}`,
      ...areas.flatMap(({ lead, tail, advised, ranges }) => [
        `area ${lead} ${tail} ${advised ? 1 : 0} ${ranges.length}`,
        ...ranges.map(rangeLine),
      ]),
    ]),
  ];
}

export function rangesOfBatch(batch: DaemonBatch): ProbeRange[] {
  return batch.processes.flat().flatMap((area) => area.ranges);
}

/** A VMA as the guest reports it, in bytes; those that the batch did not ask for are among them. */
interface ReportedVma {
  readonly start: number;
  readonly end: number;
  readonly advised: boolean;
}

/** Where the guest put everything: process 0 is the probe itself. */
export interface AddressLayout {
  readonly vmas: readonly (readonly ReportedVma[])[];
  /** For each process of the batch, the addresses of the first ranges of its areas. */
  readonly areas: readonly (readonly number[])[];
}

/**
 * What khugepaged did: its visits of processes in order, each with its scans, its progress and whether a full
 * scan ended.
 */
export interface DaemonReport {
  readonly visits: readonly string[];
  /**
   * khugepaged was stopped within another visit: pages and counters are of no moment that can be compared.
   */
  readonly cutOff: boolean;
  /** The pages of each range after the last visit. */
  readonly pages: readonly string[];
  readonly fullScans: number;
  readonly counters: string;
}

/** Reads what the probe answered. */
export function parseDaemonReport(
  batch: DaemonBatch,
  lines: readonly string[],
): Result<{ layout: AddressLayout; report: DaemonReport }> {
  const vmas: ReportedVma[][] = [];
  const areas: number[][] = [];
  const pages: string[] = [];
  const visits: string[] = [];
  for (const line of lines) {
    const [word, ...rest] = line.split(' ');
    if (word === 'vmas') {
      vmas.push(rest.map(parseVma));
      if (vmas.length > 1) areas.push([]);
    } else if (word === 'area') {
      areas[areas.length - 1].push(Number.parseInt(rest[0], 16));
    } else if (word === 'visit') {
      visits.push(rest.join(' '));
    } else if (word !== 'done' && word !== 'timeout') {
      pages.push(line);
    }
  }
  const last = /^done( cut-off)? full_scans=(\d+) (pages_collapsed=.*)$/.exec(lines.at(-1) ?? '');
  if (!last || vmas.length !== batch.processes.length + 1 || pages.length !== rangesOfBatch(batch).length) {
    return fail('unreadable', 'khugepaged did not go round in time, or the answer is not whole');
  }
  const cutOff = last[1] !== undefined;
  const report = { visits, cutOff, pages, fullScans: Number(last[2]), counters: last[3] };
  return succeed({ layout: { vmas, areas }, report });
}

function parseVma(text: string): ReportedVma {
  const [start, end] = text.split('-').map((part) => Number.parseInt(part, 16));
  return { start, end, advised: text.endsWith('+') };
}
