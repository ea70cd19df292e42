import type { FaultKind } from './algorithm-fault.ts';
import type { PropertyName } from './properties.ts';

/** What an algorithm gets wrong in a case. */
export type Wrong =
  /** It does what no algorithm may do. */
  | { readonly kind: 'fault'; readonly algorithm: string; readonly fault: FaultKind }
  /** Two algorithms do not agree. */
  | { readonly kind: 'difference' }
  /** There is a better cover. */
  | { readonly kind: 'not-best' }
  /** A property does not hold. */
  | { readonly kind: 'property'; readonly name: PropertyName };

export function isSameWrong(a: Wrong, b: Wrong): boolean {
  if (a.kind === 'fault') return b.kind === 'fault' && a.algorithm === b.algorithm && a.fault === b.fault;
  if (a.kind === 'property') return b.kind === 'property' && a.name === b.name;
  return a.kind === b.kind;
}

/**
 * Whether a check run ends with it. It goes on to find all broken properties, and to count covers that are
 * not the best.
 */
export function endsCheckRun({ kind }: Wrong): boolean {
  return kind === 'fault' || kind === 'difference';
}
