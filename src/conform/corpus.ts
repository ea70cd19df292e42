import { fail, type Result, succeed } from '../core/base/failure.ts';
import { emptyOccupancy } from '../core/memory/occupancy.ts';
import type { OrderSet } from '../core/memory/order.ts';
import { parsePages } from '../core/memory/page-list.ts';
import {
  type DaemonBatch,
  type DaemonReport,
  type LabArea,
  type Layout,
  parseDaemonReport,
} from './daemon-batch.ts';
import { LAB_GEOMETRY, type LabBatch, type LabRange, labRange, PAGE_LISTS } from './lab-batch.ts';
import { type BatchReport, parseReport } from './report.ts';
import type { Suite } from './suites.ts';

/** Where recorded answers come from: the first line of a corpus. */
export interface CorpusHead {
  readonly kernel: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly recorded: string;
  readonly seed: number;
}

/** A batch and what a real kernel made of it. */
export interface CorpusBatch {
  readonly suite: Exclude<Suite, 'daemon'>;
  readonly batch: LabBatch;
  readonly report: BatchReport;
}

/** The same of whole processes. */
export interface CorpusDaemon {
  readonly suite: 'daemon';
  readonly daemon: DaemonBatch;
  readonly layout: Layout;
  readonly report: DaemonReport;
}

/** Every other line of a corpus, as JSON: what the probe was asked and what it answered, line by line. */
export function corpusLine(suite: Suite, request: readonly string[], answer: readonly string[]): string {
  return JSON.stringify({ suite, request, answer });
}

/** Reads a line that `corpusLine` wrote. */
export function parseCorpusLine(line: string): Result<CorpusBatch | CorpusDaemon> {
  const { suite, request, answer } = JSON.parse(line) as {
    suite: Suite;
    request: string[];
    answer: string[];
  };
  if (suite === 'daemon') {
    const daemon = parseDaemon(request);
    const parsed = parseDaemonReport(daemon, answer);
    return parsed.ok ? succeed({ suite, daemon, ...parsed.value }) : parsed;
  }
  const batch = parseRequest(request);
  if (!batch) return fail('unreadable', 'a line of the corpus does not hold a whole batch');
  const report = parseReport(batch, answer);
  return report.ok ? succeed({ suite, batch, report: report.value }) : report;
}

function parseRequest([head, ...lines]: string[]): LabBatch | undefined {
  const [call, ...words] = head.split(' ');
  const ranges = lines.map(parseRange);
  if (Number(words.at(-1)) !== ranges.length) return undefined;
  if (call === 'madvise') return { call, span: Number(words[0]), ranges };
  const [maxPtesNone, maxPtesSwap, maxPtesShared] = words.slice(1, 4).map(Number);
  const orders = Number.parseInt(words[0], 16) as OrderSet;
  return { call: 'khugepaged', orders, maxPtesNone, maxPtesSwap, maxPtesShared, ranges };
}

function parseDaemon([head, ...lines]: string[]): DaemonBatch {
  const [, orders, ...numbers] = head.split(' ');
  const [maxPtesNone, maxPtesSwap, maxPtesShared, pagesToScan, scans, freeOrder] = numbers.map(Number);
  const processes: LabArea[][] = [];
  for (let i = 0; i < lines.length; ) {
    const [word, ...counts] = lines[i++].split(' ');
    if (word === 'process') {
      processes.push([]);
      continue;
    }
    const [lead, tail, advised, count] = counts.map(Number);
    const ranges = lines.slice(i, i + count).map(parseRange);
    i += count;
    processes[processes.length - 1].push({ lead, tail, advised: advised === 1, ranges });
  }
  const limits = { maxPtesNone, maxPtesSwap, maxPtesShared };
  return {
    orders: Number.parseInt(orders, 16) as OrderSet,
    ...limits,
    pagesToScan,
    scans,
    freeOrder,
    processes,
  };
}

function parseRange(line: string): LabRange {
  const words = line.split(' ');
  const facts = new Map(words.map((word) => word.split('=') as [string, string | undefined]));
  const lists = PAGE_LISTS.map((list) => {
    const pages = parsePages(facts.get(list) ?? '', LAB_GEOMETRY);
    return [list, pages.ok ? pages.value : emptyOccupancy(LAB_GEOMETRY)] as const;
  });
  return labRange({
    ...Object.fromEntries(lists),
    folioOrder: Number(facts.get('folio') ?? 0),
    split: facts.has('split'),
    scattered: facts.has('scattered'),
    armed: facts.has('armed'),
  });
}
