import type { FaultKind } from './algorithm-fault.ts';
import type { DifferenceName } from './difference.ts';
import type { PropertyName } from './properties.ts';

/** What an algorithm gets wrong in a case. */
export type Wrong =
  /** It does what no algorithm may do. */
  | { readonly kind: 'fault'; readonly algorithm: string; readonly fault: FaultKind }
  /** It does not do the same twice. */
  | { readonly kind: 'unsteady'; readonly algorithm: string }
  /** Two algorithms do not agree. */
  | { readonly kind: 'difference'; readonly name: DifferenceName }
  /** There is a better cover. */
  | { readonly kind: 'not-best' }
  /** A property does not hold. */
  | { readonly kind: 'property'; readonly name: PropertyName };

/** A name of what is wrong that nothing else has. */
export function wrongKey(wrong: Wrong): string {
  switch (wrong.kind) {
    case 'fault':
      return `fault ${wrong.fault} ${wrong.algorithm}`;
    case 'unsteady':
      return `unsteady ${wrong.algorithm}`;
    case 'difference':
    case 'property':
      return `${wrong.kind} ${wrong.name}`;
    case 'not-best':
      return wrong.kind;
  }
}

/**
 * Whether a check run ends with it, once the first spaces are done. It goes on to find all broken properties,
 * and to count covers that are not the best.
 */
export function endsCheckRun({ kind }: Wrong): boolean {
  return kind === 'fault' || kind === 'difference';
}
