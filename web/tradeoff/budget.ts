import type { PolicyBudget } from '../../src/analysis/advice/choose-policy.ts';

/** What the sliders say: undefined is no limit. */
export interface BudgetChoice {
  /** Growth in percent of the memory that was read. */
  readonly growthPercent: number | undefined;
  readonly laterAttempts: number | undefined;
}

/** Growth that is allowed where a link does not say. */
export const DEFAULT_GROWTH = 5;

/** Places of the slider of growth; behind the last one is no limit. */
export const GROWTH_STOPS = [0, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 20, 30, 50, 75, 100];
/** Places of the slider of attempts in every later pass. */
export const WORK_STOPS = [
  0,
  ...Array.from({ length: 7 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat(),
];

/** `budget=2`, `budget=none`, `work=50`; what is no such number is left to the default. */
export function budgetFromParams(params: Readonly<Record<string, string>>): BudgetChoice {
  const number = (text: string | undefined) =>
    text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
  return {
    growthPercent: params.budget === 'none' ? undefined : (number(params.budget) ?? DEFAULT_GROWTH),
    laterAttempts: number(params.work),
  };
}

export function paramsOfBudget({ growthPercent, laterAttempts }: BudgetChoice): {
  readonly budget: string | undefined;
  readonly work: string | undefined;
} {
  const growth = growthPercent === undefined ? 'none' : String(growthPercent);
  return {
    budget: growthPercent === DEFAULT_GROWTH ? undefined : growth,
    work: laterAttempts === undefined ? undefined : String(laterAttempts),
  };
}

/** The budget in pages of memory with so many resident ones, those that processes share counted once. */
export function budgetOf({ growthPercent, laterAttempts }: BudgetChoice, machinePages: number): PolicyBudget {
  const growthPages =
    growthPercent === undefined ? Infinity : Math.floor((machinePages * growthPercent) / 100);
  return { growth: 'both', growthPages, laterAttempts, within: 0.01 };
}

/** The place of a value on a slider: the nearest stop, and one behind the last for no limit. */
export function stopOf(value: number | undefined, stops: readonly number[]): number {
  if (value === undefined) return stops.length;
  let nearest = 0;
  for (const [place, stop] of stops.entries())
    if (Math.abs(stop - value) < Math.abs(stops[nearest] - value)) nearest = place;
  return nearest;
}
