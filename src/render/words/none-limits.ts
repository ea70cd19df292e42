import type { NoneLimits } from '../../core/rules/policy.ts';

/** Limits of single orders as flags write them: `4=8`. */
export function noneLimitWords(limits: NoneLimits = []): string[] {
  return limits.flatMap((limit, order) => (limit === undefined ? [] : [`${order}=${limit}`]));
}

/** Max_ptes_none, and what single orders have in its place. */
export function noneLimitLine(maxPtesNone: number, limits: NoneLimits = []): string {
  const ofOrders = limits.flatMap((limit, order) =>
    limit === undefined ? [] : [`, ${limit} for order ${order}`],
  );
  return `max_ptes_none ${maxPtesNone}${ofOrders.join('')}`;
}

/** Limits of single orders as JSON, by order. */
export function noneLimitsJson(limits: NoneLimits): object {
  return Object.fromEntries([...limits.entries()].filter(([, limit]) => limit !== undefined));
}
