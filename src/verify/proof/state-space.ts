import type { Order, Window } from '../../core/memory/order.ts';
import type { SearchSetting } from '../../core/search/machine.ts';
import type { PropertyName } from '../properties.ts';
import type { WindowAnswer } from './moves.ts';

/** What a proof about one machine can fail with: a property, or what no search may do. */
export type Broken = PropertyName | 'attempt' | 'ends';

/** A state that is reached, and how. */
export interface Reached {
  /** The window that is visited there; undefined at the end. */
  readonly at: (Window & { readonly reclaim?: boolean }) | undefined;
  readonly from: Reached | undefined;
  readonly move: WindowAnswer | undefined;
}

/** Where a property is broken, if a range gives these answers. */
export interface Violation {
  readonly broken: Broken;
  readonly node: Reached;
  /** The answer with which it is broken; undefined at the end. */
  readonly move: WindowAnswer | undefined;
  /** The window that was missed. */
  readonly missed: Window | undefined;
}

/** The most windows on a stack, with the one that is visited, and those under it. */
export interface MostStacked {
  readonly most: number;
  readonly visited: Window;
  readonly below: readonly Window[];
}

/** The most of something on any way through the states. */
export interface Bounds {
  readonly visits: number;
  readonly attempts: number;
  /** For searches that keep a stack. */
  readonly stack?: MostStacked | undefined;
  /** For searches in rounds, where a round has room for a whole range. */
  readonly rounds?: number | undefined;
}

/** What the states of a search under one set of orders came to. */
export interface Explored {
  readonly states: number;
  /** By the shortest sequences of answers first; the first ones. */
  readonly violations: readonly Violation[];
  /** Whether there are more states than were looked at. */
  readonly unfinished: boolean;
  /** Undefined where a property is broken, or not everything was looked at. */
  readonly bounds: Bounds | undefined;
}

/** The states of a search: all that answers lead to, under a set of orders at a time. */
export interface StateSpace {
  /** What a state is. */
  readonly of: 'states' | 'parts';
  /** Properties of which the states say nothing. */
  readonly leavesOpen: readonly PropertyName[];
  explore(setting: SearchSetting): Explored;
}

/** Places in which properties are broken that are kept for one set of orders. */
export const MOST_VIOLATIONS = 40;

/** The first window around another one, of an enabled order, that is not decided. */
export function undecidedAround(
  { offset, order }: Window,
  enabled: readonly Order[],
  isDecided: (window: Window) => boolean,
): Window | undefined {
  for (const larger of enabled) {
    const around = { offset: offset & -(1 << larger), order: larger } as Window;
    if (larger > order && !isDecided(around)) return around;
  }
  return undefined;
}
