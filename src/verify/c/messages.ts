// What thpscope and the program of c-walk/runner.c say to each other, in words of 32 bits of this machine:
// the structures `request` and `run` there.

import { type Geometry, MAX_PMD_ORDER } from '../../core/memory/geometry.ts';
import { wordsPerRange } from '../../core/memory/occupancy.ts';
import { asOrder, type Window } from '../../core/memory/order.ts';
import { type CollapsePolicy, noneLimit } from '../../core/rules/policy.ts';
import { REBUILD_RESULTS, SCAN_RESULTS, type ScanResult } from '../../core/rules/scan-result.ts';
import type { ScannedRange } from '../../core/search/algorithm.ts';

/** The results by their numbers in `enum scan_result` of c-walk/khugepaged.h. */
export const NUMBERED_RESULTS: readonly ScanResult[] = [...SCAN_RESULTS, ...REBUILD_RESULTS];
const NUMBERS: ReadonlyMap<ScanResult, number> = new Map(NUMBERED_RESULTS.map((name, i) => [name, i]));

export function numberOfResult(result: ScanResult): number {
  return NUMBERS.get(result) ?? 0;
}

const HEAD_WORDS = 7;
const LIMITS = MAX_PMD_ORDER + 1;
/** One for each order, padded to whole words. */
export const GUESSES = MAX_PMD_ORDER + 3;

/** How further attempts are taken to end, by order; orders that are none have that of the largest. */
export type Guess = Uint8Array;

export function guessAt(guess: Guess, order: number): number {
  return guess[order >= 0 && order <= MAX_PMD_ORDER ? order : MAX_PMD_ORDER];
}

/** What a program is asked. */
export interface WalkRequest {
  readonly sequence: number;
  readonly range: ScannedRange;
  readonly policy: CollapsePolicy;
  readonly observed: boolean;
  /** The numbers of the results of the first attempts. */
  readonly known: readonly number[];
  readonly guesses: readonly [Guess, Guess];
}

export function encodeRequest({
  sequence,
  range,
  policy,
  observed,
  known,
  guesses,
}: WalkRequest): Uint8Array {
  const words = wordsPerRange(range.geometry);
  const fixed = HEAD_WORDS + LIMITS;
  const bytes = new Uint8Array(4 * (fixed + words) + 2 * GUESSES + known.length);
  const numbers = new Int32Array(bytes.buffer, 0, fixed);
  const { maxPtesNone, orders } = policy;
  const { unmapped, uffdArmed, geometry } = range;
  numbers.set([sequence, maxPtesNone, orders, unmapped, Number(uffdArmed), Number(observed), known.length]);
  numbers.set(noneLimits(policy, geometry), HEAD_WORDS);
  bytes.set(guesses[0], 4 * fixed);
  bytes.set(guesses[1], 4 * fixed + GUESSES);
  new Uint32Array(bytes.buffer, 4 * fixed + 2 * GUESSES, words).set(range.occupied.subarray(0, words));
  bytes.set(known, 4 * (fixed + words) + 2 * GUESSES);
  return bytes;
}

function noneLimits(policy: CollapsePolicy, geometry: Geometry): number[] {
  return Array.from({ length: geometry.pmdOrder + 1 }, (_, order) =>
    noneLimit(policy, asOrder(order), geometry),
  );
}

/** A window as the function named it: it may be none. */
interface WalkStep extends Window {
  /** Whether it was attempted, or only looked at. */
  readonly attempted: boolean;
}

/** One run of the function with the results that it was told. */
export interface WalkRun {
  readonly steps: readonly WalkStep[];
  /** What it returned; `cut` when it was left because no more is known, `endless` after too many attempts. */
  readonly end: number | 'cut' | 'endless';
}

/** The function ended its process, or the program ended it. */
export interface WalkEnd {
  readonly how: 'died' | 'loops' | 'fault';
  /** As waitpid says it. */
  readonly status: number;
  /** What it did, if the program saw it. */
  readonly text: string;
}

export type WalkAnswer =
  | { readonly kind: 'runs'; readonly runs: readonly WalkRun[] }
  | { readonly kind: 'ended'; readonly ended: WalkEnd };

/** Reads words of an answer; undefined when the program is gone. */
export type ReadWords = (count: number) => Int32Array | undefined;

const ENDS = ['died', 'loops', 'fault'] as const;
const TEXT_WORDS = 60;

/** The answer to a request; earlier ones, to requests whose sender did not wait, are skipped. */
export function readAnswer(sequence: number, read: ReadWords): WalkAnswer | undefined {
  for (;;) {
    const head = read(2);
    if (!head) return undefined;
    const answer = head[1] === 0 ? readRuns(read) : readEnd(read);
    if (!answer || head[0] === sequence) return answer;
  }
}

function readRuns(read: ReadWords): WalkAnswer | undefined {
  const count = read(1)?.[0] ?? 0;
  const runs: WalkRun[] = [];
  for (let i = 0; i < count; i++) {
    const head = read(4);
    const steps = head && read(head[3]);
    if (!steps) return undefined;
    runs.push({ steps: stepsOf(steps), end: ([head[1], 'endless', 'cut'] as const)[head[0]] });
  }
  return runs.length > 0 ? { kind: 'runs', runs } : undefined;
}

function stepsOf(words: Int32Array): WalkStep[] {
  const steps: WalkStep[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const order = words[i + 1];
    const attempted = order >= 0;
    // Whatever the function said: who judges the window sees whether it is one.
    steps.push({ offset: words[i], order: attempted ? order : ~order, attempted } as WalkStep);
  }
  return steps;
}

function readEnd(read: ReadWords): WalkAnswer | undefined {
  const head = read(2 + TEXT_WORDS);
  if (!head) return undefined;
  const bytes = new Uint8Array(head.buffer, head.byteOffset + 8, 4 * TEXT_WORDS);
  let text = '';
  for (const byte of bytes.subarray(0, bytes.indexOf(0))) text += String.fromCharCode(byte);
  return { kind: 'ended', ended: { how: ENDS[head[0]], status: head[1], text } };
}
