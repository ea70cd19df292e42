import { hasPage } from '../../src/core/memory/occupancy.ts';
import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import { pteKind } from '../../src/core/memory/pte-kind.ts';
import type { PageFact, RangeState } from '../../src/core/memory/range-state.ts';
import type { RangeDetail } from '../memory/memory-worker-protocol.ts';

/** What one PTE holds now, what will be special about it, and what it holds then. */
export function pteWords({ range, after }: RangeDetail, pte: number): string {
  const now = holds(range, pte);
  const then = holds(after, pte);
  const facts = FACTS.filter(([fact]) => {
    const bitmap = range.facts[fact];
    return bitmap !== undefined && hasPage(bitmap, pte);
  }).map(([, word]) => word);
  return [now, ...facts].join(', ') + (now === then ? '' : ` → ${then}`);
}

const FACTS = [
  ['guard', 'guard marker'],
  ['shared', 'shared'],
  ['unreferenced', 'not used recently'],
  ['pinned', 'pinned'],
  ['lazyfree', 'MADV_FREE'],
  ['locked', 'locked'],
  ['uffd', 'tracked by userfaultfd'],
] as const satisfies readonly (readonly [PageFact, string])[];

const WORDS = { empty: 'empty', swap: 'swapped out or marked', zero: 'the shared zero page' };

function holds(range: RangeState, pte: number): string {
  const kind = pteKind(range, pte);
  if (typeof kind === 'string') return WORDS[kind];
  return kind === 0 ? 'a small page' : `in a folio of ${formatOrder(asOrder(kind), range.geometry)}`;
}
