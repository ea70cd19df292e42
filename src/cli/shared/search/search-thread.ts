import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Failure } from '../../../core/base/failure.ts';
import type { CollapsePolicy } from '../../../core/rules/policy.ts';
import type { ScanResult } from '../../../core/rules/scan-result.ts';
import type { Candidate, ScannedRange } from '../../../core/search/algorithm.ts';
import type { CBuildOptions } from '../c-walk/compiler.ts';
import type { Deadlines } from './deadline.ts';

/** What the thread of a search gets. */
export interface SearchTask {
  readonly name: string;
  readonly deadlines: Deadlines;
  /** How a C file is compiled; undefined of a module. */
  readonly c: CBuildOptions | undefined;
  readonly line: LineEnd;
}

/** What the thread of a search is told: a range to search, then results of each batch that it attempts. */
export type ToSearch =
  | { readonly kind: 'search'; readonly range: ScannedRange; readonly policy: CollapsePolicy }
  | { readonly kind: 'results'; readonly results: readonly ScanResult[] };

/** What it says: batches to attempt, and in the end a result, or what it did that no search may. */
export type FromSearch =
  | { readonly kind: 'attempt'; readonly batch: readonly Candidate[] }
  | { readonly kind: 'result'; readonly result: ScanResult }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** One end of a line between two threads, on which either may wait for the other without giving way. */
export interface LineEnd {
  readonly port: MessagePort;
  /** Counts the messages to each end. */
  readonly sent: Int32Array<SharedArrayBuffer>;
  /** Which of the counts is of messages to this end. */
  readonly own: 0 | 1;
}

/** Both ends of a line. */
export function lineEnds(): readonly [LineEnd, LineEnd] {
  const { port1, port2 } = new MessageChannel() as unknown as { port1: MessagePort; port2: MessagePort };
  const sent = new Int32Array(new SharedArrayBuffer(8));
  return [
    { port: port1, sent, own: 0 },
    { port: port2, sent, own: 1 },
  ];
}

/** Sends a message to the other end, which may be waiting. */
export function sendOn<T extends ToSearch | FromSearch>({ port, sent, own }: LineEnd, message: T): void {
  port.postMessage(message);
  Atomics.add(sent, 1 - own, 1);
  Atomics.notify(sent, 1 - own);
}

/** Waits for a message for at most `timeout` milliseconds; undefined if there is none. */
export function waitOn<T extends ToSearch | FromSearch>(
  { port, sent, own }: LineEnd,
  timeout?: number,
): T | undefined {
  for (;;) {
    const seen = Atomics.load(sent, own);
    const received = receiveMessageOnPort(port);
    if (received) return received.message as T;
    if (Atomics.wait(sent, own, seen, timeout) === 'timed-out') return undefined;
  }
}
