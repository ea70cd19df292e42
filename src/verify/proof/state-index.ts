import { isSameValue } from './same-value.ts';

/** Something that is found by its state, a plain value. */
interface Entry {
  readonly state: unknown;
}

/** Entries by the window that their state visits: most windows have one state, or a few. */
export class StateIndex<E extends Entry> {
  readonly #few = new Map<unknown, E[]>();
  readonly #many = new Map<unknown, Map<string, E>>();

  /** The entry with the same state. */
  find(window: unknown, state: unknown): E | undefined {
    const few = this.#few.get(window);
    if (!few) return this.#many.get(window)?.get(JSON.stringify(state));
    for (const each of few) if (isSameValue(each.state, state)) return each;
    return undefined;
  }

  /** Keeps an entry with a state that is not there yet. */
  add(window: unknown, entry: E): void {
    const few = this.#few.get(window);
    const many = this.#many.get(window);
    if (many) {
      many.set(JSON.stringify(entry.state), entry);
    } else if (!few) {
      this.#few.set(window, [entry]);
    } else if (few.push(entry) > MOST_COMPARED) {
      this.#few.delete(window);
      this.#many.set(window, new Map(few.map((each) => [JSON.stringify(each.state), each])));
    }
  }
}

/** States of one window that are compared one by one; with more, it is quicker to look them up. */
const MOST_COMPARED = 16;
