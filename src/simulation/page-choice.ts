import { type Random, randomFrom } from '../core/base/random.ts';
import { roundDown, roundUp } from '../core/base/round.ts';
import type { PageChoice } from './scenario.ts';

/** Consecutive chosen bytes: [start, end), addresses. */
export interface PageRun {
  readonly start: number;
  readonly end: number;
}

/** The chosen parts of a mapping, in address order, whole pages, none touching the next. */
export function* pageRunsOf(
  choice: PageChoice,
  mapping: PageRun,
  pageBytes: number,
  random: Random,
): Generator<PageRun> {
  const first = Math.min(mapping.end, mapping.start + roundDown(choice.from, pageBytes));
  const end = Math.min(mapping.end, first + roundUp(choice.bytes, pageBytes));
  if (choice.density >= 1) {
    if (first < end) yield { start: first, end };
    return;
  }
  const block = Math.max(pageBytes, roundDown(choice.block, pageBytes));
  let open: number | undefined;
  for (let start = first; start < end; start += block) {
    const isChosen = random() < choice.density;
    if (isChosen) open ??= start;
    else if (open !== undefined) {
      yield { start: open, end: start };
      open = undefined;
    }
  }
  if (open !== undefined) yield { start: open, end };
}

/**
 * The source of chance of one action: its own, so that no event disturbs another. `what` names it by numbers;
 * a fixed seed of the choice takes their place.
 */
export function randomOf(seed: number, fixed: number | undefined, what: readonly number[]): Random {
  return randomFrom(fixed === undefined ? mix(seed, 1, ...what) : mix(seed, 2, fixed));
}

function mix(...values: number[]): number {
  let hash = 0x9e3779b9;
  for (const value of values) {
    hash = Math.imul(hash ^ value, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}
