// What thpscope and the program of c-walk/runner.c say to each other, in words of 32 bits of this machine:
// the structures `request` and `run` there.

import { type Geometry, MAX_PMD_ORDER } from '../../core/memory/geometry.ts';
import { wordsPerRange } from '../../core/memory/occupancy.ts';
import { asOrder, type Window } from '../../core/memory/order.ts';
import { type CollapsePolicy, noneLimit } from '../../core/rules/policy.ts';
import { CURRENT_RESULTS, type ScanResult } from '../../core/rules/scan-result.ts';
import type { ScannedRange } from '../../core/search/algorithm.ts';

/** The results by their numbers in `enum scan_result` of c-walk/khugepaged.h. */
export const NUMBERED_RESULTS: readonly ScanResult[] = CURRENT_RESULTS;
const NUMBERS: ReadonlyMap<ScanResult, number> = new Map(NUMBERED_RESULTS.map((name, i) => [name, i]));

export function numberOfResult(result: ScanResult): number {
  return NUMBERS.get(result) ?? 0;
}

const HEAD_WORDS = 8;
const LIMITS = MAX_PMD_ORDER + 1;
/** One for each order, padded to whole words. */
export const GUESSES = MAX_PMD_ORDER + 3;

const MOST_ENDS = 36;

/** How many attempts are guessed in one run. */
const MOST_GUESSED = 64;

/** What a program is asked. */
export interface WalkRequest {
  readonly sequence: number;
  readonly range: ScannedRange;
  readonly policy: CollapsePolicy;
  readonly observed: boolean;
  /** The numbers of the results of the first attempts. */
  readonly known: readonly number[];
  /** Whether what the search does after other results than those may be tried too. */
  readonly guesses: false | Guesses;
}

/** How further attempts may end, so that what the search does then is known before they end so. */
interface Guesses {
  /** By order; what is no order ends as the largest does. */
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  /** If there are any, all of them are tried for each further attempt, instead of the second guess. */
  readonly ends: readonly number[];
}

export function encodeRequest(request: WalkRequest): Uint8Array {
  const { sequence, range, policy, observed, known, guesses } = request;
  const words = wordsPerRange(range.geometry);
  const fixed = HEAD_WORDS + LIMITS;
  const guessesAt = 4 * fixed;
  const endsAt = guessesAt + 2 * GUESSES;
  const presentAt = endsAt + 4 + MOST_ENDS;
  const bytes = new Uint8Array(presentAt + 4 * words + known.length);
  const numbers = new Int32Array(bytes.buffer, 0, fixed);
  const { maxPtesNone, orders } = policy;
  const { unmapped, uffdArmed, geometry } = range;
  numbers.set([
    sequence,
    maxPtesNone,
    orders,
    unmapped,
    Number(uffdArmed),
    Number(observed),
    known.length,
    guesses ? MOST_GUESSED : 0,
  ]);
  numbers.set(noneLimits(policy, geometry), HEAD_WORDS);
  if (guesses) {
    bytes.set(guesses.first, guessesAt);
    bytes.set(guesses.second, guessesAt + GUESSES);
    new Int32Array(bytes.buffer, endsAt, 1)[0] = guesses.ends.length;
    bytes.set(guesses.ends, endsAt + 4);
  }
  new Uint32Array(bytes.buffer, presentAt, words).set(range.occupied.subarray(0, words));
  bytes.set(known, presentAt + 4 * words);
  return bytes;
}

function noneLimits(policy: CollapsePolicy, geometry: Geometry): number[] {
  return Array.from({ length: geometry.pmdOrder + 1 }, (_, order) =>
    noneLimit(policy, asOrder(order), geometry),
  );
}

/** A window as the function named it: it may be none. */
interface WalkStep extends Window {
  /**
   * The number of the result that the attempt was given; unknown where the run was left at it, undefined if
   * the window was only looked at.
   */
  readonly result: number | 'unknown' | undefined;
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
const NO_MORE_RUNS = 3;
const VISIT = -1;

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
  const runs: WalkRun[] = [];
  for (;;) {
    const head = read(4);
    if (head?.[0] === NO_MORE_RUNS) return { kind: 'runs', runs };
    const steps = head && read(head[3]);
    if (!steps) return undefined;
    runs.push({ steps: stepsOf(steps), end: ([head[1], 'endless', 'cut'] as const)[head[0]] });
  }
}

function stepsOf(words: Int32Array): WalkStep[] {
  const steps: WalkStep[] = [];
  for (let i = 0; i < words.length; i += 3) {
    const result = words[i + 2] >= 0 ? words[i + 2] : words[i + 2] === VISIT ? undefined : 'unknown';
    // Whatever the function said: who judges the window sees whether it is one.
    steps.push({ offset: words[i], order: words[i + 1], result } as WalkStep);
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
