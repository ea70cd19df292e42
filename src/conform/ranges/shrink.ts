import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import {
  difference,
  emptyOccupancy,
  intersection,
  isEmpty,
  type Occupancy,
  union,
  withoutBlock,
} from '../../core/memory/occupancy.ts';
import { ordersOf, withoutOrder } from '../../core/memory/order.ts';
import type { Guest } from '../guest/guest.ts';
import { PAGE_LISTS, type ProbeBatch, type ProbeRange } from '../probe/probe-batch.ts';
import { compareBatch, type Disagreement } from './conformance.ts';
import type { BelievedSearch } from './expected.ts';

/** Questions that a shrink may ask; each takes some hundredths of a second. */
const MOST_QUESTIONS = 400;

/**
 * The smallest case that the guest and the model still disagree about: fewer pages, fewer conditions, fewer
 * orders, as long as any such step keeps the disagreement. A range that agrees when it is alone is returned
 * as it was.
 */
export async function shrink(
  disagreement: Disagreement,
  guest: Guest,
  belief: BelievedSearch,
): Promise<Disagreement> {
  let smallest = disagreement;
  let questions = 0;
  for (let shrunk = true; shrunk; ) {
    shrunk = false;
    for (const batch of simpler(smallest.batch)) {
      if (++questions > MOST_QUESTIONS) return smallest;
      const compared = await compareBatch(guest, batch, belief);
      if (!compared.ok) return smallest;
      if (compared.value.disagreements.length === 0) continue;
      smallest = compared.value.disagreements[0];
      shrunk = true;
      break;
    }
  }
  return smallest;
}

const FLAGS = ['split', 'scattered', 'armed'] as const;

/** Simpler batches, the greatest steps first. */
function* simpler(batch: ProbeBatch): Generator<ProbeBatch> {
  if (batch.ranges.length > 1) {
    for (const range of batch.ranges) yield { ...batch, ranges: [range] };
    return;
  }
  const [range] = batch.ranges;
  const pages = pagesPerRange(batch.geometry);
  const withRange = (next: ProbeRange): ProbeBatch => ({
    ...batch,
    ranges: [consistent(next, batch.geometry)],
  });
  for (const list of PAGE_LISTS) {
    if (list !== 'present' && !isEmpty(range[list]))
      yield withRange({ ...range, [list]: emptyOccupancy(batch.geometry) });
  }
  for (const flag of FLAGS) if (range[flag]) yield withRange({ ...range, [flag]: false });
  if (range.folioOrder > 0) yield withRange({ ...range, folioOrder: 0 });
  if (batch.call === 'khugepaged') {
    for (const order of ordersOf(batch.orders)) {
      const orders = withoutOrder(batch.orders, order);
      if (orders !== 0) yield { ...batch, orders };
    }
  }
  for (const list of PAGE_LISTS) {
    for (let size = pages >> 1; size >= 1; size >>= 1) {
      for (let first = 0; first < pages; first += size) {
        const kept = withoutBlock(range[list], first, size);
        // A VMA that was never written is not even registered: khugepaged would not go round.
        if (kept && (list !== 'present' || !isEmpty(kept))) yield withRange({ ...range, [list]: kept });
      }
    }
  }
}

/**
 * The range without contradictions: conditions hold for pages that are there, and what the set-up does by
 * itself is said.
 */
function consistent(range: ProbeRange, geometry: Geometry): ProbeRange {
  const none = emptyOccupancy(geometry);
  const only = (pages: Occupancy) => intersection(pages, range.present);
  const shared = only(range.shared);
  const uffd = intersection(range.uffd, union(range.present, range.swap));
  const rewritten = isEmpty(shared) ? none : difference(range.present, shared);
  return {
    ...range,
    shared,
    unreferenced: only(range.unreferenced),
    pinned: only(range.pinned),
    lazyfree: only(range.lazyfree),
    small: range.folioOrder > 0 ? union(only(range.small), rewritten) : none,
    uffd,
    split: range.split || (range.folioOrder === geometry.pmdOrder && !isEmpty(uffd)),
  };
}
