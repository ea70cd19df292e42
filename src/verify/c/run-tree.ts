import type { Window } from '../../core/memory/order.ts';
import type { WalkRun } from './messages.ts';

/** What a search does after the results that lead here. */
export interface RunNode {
  /** Windows that it looks at first. */
  readonly visits: readonly Window[];
  /** The window that it then attempts; undefined at its end. */
  readonly attempt: Window | undefined;
  /** What it returns at its end. */
  readonly returned: number | 'endless' | undefined;
  /** What follows, by the number of the attempt's result, as far as it is known. */
  readonly next: Map<number, RunNode>;
}

/** Said of a search that does something else after the same results. */
export class ChangesError extends Error {}

/**
 * What is known of a search on one case: a tree of its attempts, whose branches are their results. It is
 * asked for runs with results that are only guessed; what such a run does before a wrong guess is true all
 * the same.
 */
export class RunTree {
  #root: RunNode | undefined;

  /** What follows after these results; undefined if that is not known. */
  after(results: readonly number[]): RunNode | undefined {
    let node = this.#root;
    for (const result of results) node = node?.next.get(result);
    return node;
  }

  /** Adds a run. */
  add({ steps, end }: WalkRun): void {
    let set = (node: RunNode) => {
      this.#root = node;
    };
    let known = this.#root;
    let visits: Window[] = [];
    for (const step of steps) {
      if (step.result === undefined) {
        visits.push(step);
        continue;
      }
      const window = { offset: step.offset, order: step.order };
      const node: RunNode = known ?? { visits, attempt: window, returned: undefined, next: new Map() };
      if (node.attempt?.offset !== step.offset || node.attempt.order !== step.order) throw new ChangesError();
      if (!known) set(node);
      const { result } = step;
      if (result === 'unknown') return;
      known = node.next.get(result);
      set = (next) => node.next.set(result, next);
      visits = [];
    }
    if (end === 'cut') return;
    if (known && known.returned !== end) throw new ChangesError();
    if (!known) set({ visits, attempt: undefined, returned: end, next: new Map() });
  }
}
