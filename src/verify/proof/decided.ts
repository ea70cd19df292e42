import { asOffset, type Order, type OrderSet, ordersOf, type Window } from '../../core/memory/order.ts';

/**
 * What is decided of the windows of an order: those that were visited, or lie in one that the search is done
 * with. A number is how far they go from the beginning of the range; a list is where each run of them begins
 * and ends. Equal sets are equal values.
 */
type Decided = number | readonly number[];

/** Which windows are decided, for each enabled order from the lowest. */
export type DecidedWindows = readonly Decided[];

export function nothingDecided(orders: OrderSet): DecidedWindows {
  return ordersOf(orders).map(() => 0);
}

/** With one window of its order more; with `inside` also those of all lower orders in it. */
export function withDecided(
  decided: DecidedWindows,
  enabled: readonly Order[],
  { offset, order }: Window,
  inside: boolean,
): DecidedWindows {
  const end = offset + (1 << order);
  return decided.map((each, i) =>
    enabled[i] === order || (inside && enabled[i] < order) ? withRun(each, offset, end) : each,
  );
}

/** With all windows that end at an offset or before it: for whoever asks about those behind it alone. */
export function withDecidedBefore(
  decided: DecidedWindows,
  enabled: readonly Order[],
  offset: number,
): DecidedWindows {
  return decided.map((each, i) => {
    const end = offset & -(1 << enabled[i]);
    return end > 0 ? withRun(each, 0, end) : each;
  });
}

/** Whether a window of an enabled order is decided. */
export function isDecided(
  decided: DecidedWindows,
  enabled: readonly Order[],
  { offset, order }: Window,
): boolean {
  const runs = runsOf(decided[enabled.indexOf(order)]);
  const end = offset + (1 << order);
  for (let i = 0; i < runs.length; i += 2) if (runs[i] <= offset && end <= runs[i + 1]) return true;
  return false;
}

/** The first window, of the largest order first, that is not decided. */
export function firstUndecided(
  decided: DecidedWindows,
  enabled: readonly Order[],
  pages: number,
): Window | undefined {
  for (let i = enabled.length - 1; i >= 0; i--) {
    const [from, end] = [...runsOf(decided[i]), 0, 0];
    if (from > 0) return { offset: asOffset(0), order: enabled[i] };
    if (end < pages) return { offset: asOffset(end), order: enabled[i] };
  }
  return undefined;
}

function runsOf(decided: Decided): readonly number[] {
  if (typeof decided !== 'number') return decided;
  return decided === 0 ? [] : [0, decided];
}

function withRun(decided: Decided, from: number, end: number): Decided {
  if (typeof decided === 'number' && from <= decided) return Math.max(decided, end);
  const runs = runsOf(decided);
  const before: number[] = [];
  const after: number[] = [];
  let [first, last] = [from, end];
  for (let i = 0; i < runs.length; i += 2) {
    if (runs[i + 1] < from) before.push(runs[i], runs[i + 1]);
    else if (runs[i] > end) after.push(runs[i], runs[i + 1]);
    else [first, last] = [Math.min(first, runs[i]), Math.max(last, runs[i + 1])];
  }
  const all = [...before, first, last, ...after];
  return all.length === 2 && first === 0 ? last : all;
}
