import type { ScanResult } from '../../core/rules/scan-result.ts';
import {
  type Answer,
  actionOf,
  attemptsAt,
  type Fill,
  type SearchMachine,
} from '../../core/search/machine.ts';

/** What may be found at a window. */
export interface WindowAnswer {
  readonly fill: Fill | 'disabled';
  /** The result, if it was attempted: one for all that lead every machine to the same place. */
  readonly result: ScanResult | undefined;
  /** Whether one machine attempts the window and another does not. */
  readonly parts: boolean;
}

/** What may be found at a window, and the answer that each machine gets. */
export interface Move extends WindowAnswer {
  /** How many results this one stands for. */
  readonly results: number;
  readonly answers: readonly Answer[];
}

/** All that may be found at a window, by its order. */
export interface Moves {
  readonly disabled: readonly Move[];
  readonly pmdOrder: readonly Move[];
  readonly below: readonly Move[];
}

/**
 * Every answer that these machines may get at a window. Results that lead each machine to the same place are
 * one answer, so the answers cover every result. Only the PMD order counts swapped PTEs.
 */
export function movesOf(machines: readonly SearchMachine[], results: readonly ScanResult[]): Moves {
  const classes = classesOf(machines, results);
  const at = (fill: Fill): Move[] => {
    const attempts = machines.map((machine) => attemptsAt(machine, fill));
    if (!attempts.includes(true))
      return [
        move(
          fill,
          machines.map(() => 'too-few'),
        ),
      ];
    const parts = attempts.includes(false);
    return classes.map(({ result, count, actions }) => ({
      fill,
      result,
      results: count,
      answers: actions.map((action, i) => (attempts[i] ? action : 'too-few')),
      parts,
    }));
  };
  const judgesSwap = machines.some(({ attempts }) => attempts !== undefined);
  const below = [...at('too-few'), ...at('enough')];
  return {
    disabled: [
      move(
        'disabled',
        machines.map(() => 'disabled'),
      ),
    ],
    pmdOrder: judgesSwap ? [...below, ...at('enough-with-swap')] : below,
    below,
  };
}

function move(fill: Fill | 'disabled', answers: readonly Answer[]): Move {
  return { fill, result: undefined, results: 0, answers, parts: false };
}

interface ResultClass {
  readonly result: ScanResult;
  readonly actions: readonly Answer[];
  count: number;
}

/** Results by where they lead; the first one of each class stands for it. */
function classesOf(machines: readonly SearchMachine[], results: readonly ScanResult[]): ResultClass[] {
  const classes = new Map<string, ResultClass>();
  for (const result of results) {
    const actions = machines.map((machine) => actionOf(machine, result));
    const key = actions.join();
    const known = classes.get(key);
    if (known) known.count++;
    else classes.set(key, { result, actions, count: 1 });
  }
  return [...classes.values()];
}
