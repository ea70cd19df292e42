import { fail, type Result, succeed } from '../core/base/failure.ts';
import { emptyOccupancy } from '../core/memory/occupancy.ts';
import { asOrderSet } from '../core/memory/order.ts';
import { parsePages } from '../core/memory/page-list.ts';
import {
  type AddressLayout,
  type DaemonBatch,
  type DaemonReport,
  type ProbeArea,
  parseDaemonReport,
} from './daemon/daemon-batch.ts';
import {
  PAGE_LISTS,
  PROBE_GEOMETRY,
  type ProbeBatch,
  type ProbeRange,
  probeRange,
} from './probe/probe-batch.ts';
import { type BatchReport, parseReport } from './probe/probe-report.ts';
import type { Suite } from './suite-names.ts';

/** A batch and what a real kernel made of it. */
export interface CorpusBatch {
  readonly suite: Exclude<Suite, 'daemon'>;
  readonly batch: ProbeBatch;
  readonly report: BatchReport;
}

/** The same of whole processes. */
export interface CorpusDaemon {
  readonly suite: 'daemon';
  readonly daemon: DaemonBatch;
  readonly layout: AddressLayout;
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

/** The batch that these lines ask the probe about; undefined if lines are missing. */
export function parseRequest([head, ...lines]: string[]): ProbeBatch | undefined {
  const [call, ...words] = head.split(' ');
  const ranges = lines.map(parseRange);
  if (Number(words.at(-1)) !== ranges.length) return undefined;
  if (call === 'madvise') return { call, geometry: PROBE_GEOMETRY, span: Number(words[0]), ranges };
  const [maxPtesNone, maxPtesSwap, maxPtesShared] = words.slice(1, 4).map(Number);
  const orders = asOrderSet(Number.parseInt(words[0], 16));
  return {
    call: 'khugepaged',
    geometry: PROBE_GEOMETRY,
    orders,
    maxPtesNone,
    maxPtesSwap,
    maxPtesShared,
    ranges,
  };
}

function parseDaemon([head, ...lines]: string[]): DaemonBatch {
  const [, orders, ...numbers] = head.split(' ');
  const [maxPtesNone, maxPtesSwap, maxPtesShared, pagesToScan, scans, freeOrder] = numbers.map(Number);
  const processes: ProbeArea[][] = [];
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
    geometry: PROBE_GEOMETRY,
    orders: asOrderSet(Number.parseInt(orders, 16)),
    ...limits,
    pagesToScan,
    scans,
    freeOrder,
    processes,
  };
}

function parseRange(line: string): ProbeRange {
  const words = line.split(' ');
  const facts = new Map(words.map((word) => word.split('=') as [string, string | undefined]));
  const lists = PAGE_LISTS.map((list) => {
    const pages = parsePages(facts.get(list) ?? '', PROBE_GEOMETRY);
    return [list, pages.ok ? pages.value : emptyOccupancy(PROBE_GEOMETRY)] as const;
  });
  return probeRange({
    ...Object.fromEntries(lists),
    folioOrder: Number(facts.get('folio') ?? 0),
    split: facts.has('split'),
    scattered: facts.has('scattered'),
    armed: facts.has('armed'),
  });
}
