import type { RangeState } from '../core/memory/range-state.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import type { ScanReport } from '../core/rules/scan.ts';
import type { CollapseAlgorithm } from '../core/search/algorithm.ts';
import { algorithmOf, type SearchMachine } from '../core/search/machine.ts';
import { ALGORITHM_KIT, type ModuleAlgorithm, type PassModule } from './algorithm-kit.ts';
import { checkedMachine } from './proof/checked-machine.ts';

/**
 * The algorithm that a module exports, whichever way it does; undefined if it exports none. May throw what a
 * function of the module throws.
 */
export function moduleAlgorithm(name: string, exported: unknown): CollapseAlgorithm | undefined {
  const made: unknown = typeof exported === 'function' ? exported(ALGORITHM_KIT) : exported;
  if (isMachine(made)) return algorithmOf(name, checkedMachine(name, made));
  if (hasFunction(made, 'startPass')) return passAlgorithm(name, made as PassModule);
  return isAlgorithm(made) ? onCopies(name, made) : undefined;
}

/** On copies, so that a module that writes to what it is given harms nobody but itself. */
function onCopies(name: string, made: ModuleAlgorithm): CollapseAlgorithm {
  return {
    name,
    ...(hasFunction(made, 'scan') && {
      scan: (range: RangeState, policy: CollapsePolicy) =>
        made.scan?.(copied(range), { ...policy }) as ScanReport,
    }),
    collapse: (range, policy, attempt, observe) =>
      made.collapse({ ...range, occupied: range.occupied.slice() }, { ...policy }, attempt, observe),
  };
}

function copied(range: RangeState): RangeState {
  const facts = Object.fromEntries(Object.entries(range.facts).map(([name, bits]) => [name, bits?.slice()]));
  return { ...range, facts: facts as RangeState['facts'], folioOrders: range.folioOrders?.slice() };
}

function passAlgorithm(name: string, made: PassModule): CollapseAlgorithm {
  const startPass = () => {
    const search: unknown = made.startPass();
    if (!isAlgorithm(search)) throw new Error('startPass gives no { collapse }');
    return onCopies(name, search);
  };
  return {
    name,
    startPass,
    collapse: (range, policy, attempt, observe) => startPass().collapse(range, policy, attempt, observe),
  };
}

function isMachine(value: unknown): value is SearchMachine {
  return ['start', 'window', 'next'].every((name) => hasFunction(value, name));
}

function isAlgorithm(value: unknown): value is CollapseAlgorithm {
  return hasFunction(value, 'collapse');
}

function hasFunction(value: unknown, name: string): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Record<string, unknown>)[name] === 'function'
  );
}
