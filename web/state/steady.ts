import { computed, type ReadonlySignal } from '@preact/signals';

/**
 * A computed value that stays the same object for as long as it says the same: who reads it hears of changes
 * alone. What the link says is made anew when anything in it changes; a policy there is no reason to draw.
 */
export function steady<T extends object | undefined>(compute: () => T): ReadonlySignal<T> {
  let last: T;
  return computed(() => {
    const next = compute();
    if (!saysSame(last, next)) last = next;
    return last;
  });
}

function saysSame(one: object | undefined, other: object | undefined): boolean {
  if (!one || !other) return one === other;
  const [of, entries] = [Object.entries(one), Object.entries(other)];
  return (
    of.length === entries.length &&
    entries.every(([name, value], i) => of[i][0] === name && of[i][1] === value)
  );
}
