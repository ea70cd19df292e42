import { fail, type Result, succeed } from '../core/failure.ts';
import { emptyOccupancy, type Occupancy } from '../core/occupancy.ts';
import type { OrderSet } from '../core/order.ts';
import type { BatchAnswer } from './conformance.ts';
import { LAB_GEOMETRY, type LabBatch, requestLines } from './lab-batch.ts';
import type { Suite } from './suites.ts';

/** Where recorded answers come from: the first line of a corpus. */
export interface CorpusHead {
  readonly kernel: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly recorded: string;
  readonly seed: number;
}

/** A batch and what a real kernel made of it: every other line of a corpus, as JSON. */
export interface CorpusBatch {
  readonly suite: Suite;
  readonly batch: LabBatch;
  readonly answer: BatchAnswer;
}

export function corpusLine({ suite, batch, answer }: CorpusBatch): string {
  return JSON.stringify({ suite, request: requestLines(batch), ...answer });
}

/** Reads a line that `corpusLine` wrote. */
export function parseCorpusLine(line: string): Result<CorpusBatch> {
  const { suite, request, ...answer } = JSON.parse(line) as { suite: Suite; request: string[] } & BatchAnswer;
  const head = /^batch ([0-9a-f]+) (\d+) (\d+) (\d+) \d+ (\d+)$/.exec(request[0]);
  if (!head || Number(head[5]) !== request.length - 1 || answer.pages.length !== request.length - 1) {
    return fail('unreadable', 'a line of the corpus does not hold a whole batch');
  }
  const ranges = request.slice(1).map((text) => {
    const [folioOrder, ...bitmaps] = text.split(' ');
    const [present, zero, shared, unreferenced, pinned, lazyfree, small] = bitmaps.map(parseHex);
    return { folioOrder: Number(folioOrder), present, zero, shared, unreferenced, pinned, lazyfree, small };
  });
  const [orders, maxPtesNone, maxPtesSwap, maxPtesShared] = [
    Number.parseInt(head[1], 16),
    ...head.slice(2, 5).map(Number),
  ];
  const batch = { orders: orders as OrderSet, maxPtesNone, maxPtesSwap, maxPtesShared, ranges };
  return succeed({ suite, batch, answer });
}

function parseHex(text: string): Occupancy {
  const pages = emptyOccupancy(LAB_GEOMETRY);
  if (text === '-') return pages;
  return pages.map((_, i) => Number.parseInt(text.slice(text.length - 8 * (i + 1), text.length - 8 * i), 16));
}
