import { hasPage } from '../../src/core/memory/occupancy.ts';
import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import { pteKind } from '../../src/core/memory/pte-kind.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { FACT_WORDS } from '../../src/render/words/explain/pte-facts.ts';
import type { RangeDetail } from '../memory/memory-worker-protocol.ts';

/** What one PTE holds now, what is special about it, what it holds after khugepaged and after a restart. */
export function pteWords({ range, after, restarted }: RangeDetail, pte: number): string {
  const now = holds(range, pte);
  const then = holds(after, pte);
  const again = holds(restarted, pte);
  const facts = FACTS.filter((fact) => {
    const bitmap = range.facts[fact];
    return bitmap !== undefined && hasPage(bitmap, pte);
  }).map((fact) => FACT_WORDS[fact]);
  return (
    [now, ...facts].join(', ') +
    (now === then ? '' : `; after khugepaged ${then}`) +
    (now === again ? '' : `; after a restart ${again}`)
  );
}

/** What is said of a PTE besides what it holds. */
const FACTS = ['guard', 'shared', 'unreferenced', 'pinned', 'lazyfree', 'locked', 'uffd'] as const;

const KIND_WORDS = { empty: 'empty', swap: FACT_WORDS.swap, zero: FACT_WORDS.zero };

function holds(range: RangeState, pte: number): string {
  const kind = pteKind(range, pte);
  if (typeof kind === 'string') return KIND_WORDS[kind];
  return kind === 0 ? 'a small page' : `in a folio of ${formatOrder(asOrder(kind), range.geometry)}`;
}
