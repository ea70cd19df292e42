import type { KernelModel } from '../core/kernel-model.ts';
import { intersection, isEmpty, type Occupancy } from '../core/occupancy.ts';
import { type OrderSet, ordersOf } from '../core/order.ts';
import { compareBatch, type Disagreement } from './conformance.ts';
import type { Guest } from './guest.ts';
import type { LabBatch, LabRange } from './lab-batch.ts';

/** Questions that a shrink may ask; each takes some hundredths of a second. */
const MOST_QUESTIONS = 400;

/**
 * The smallest case that the guest and the model still disagree about: fewer pages, fewer conditions, fewer orders, as
 * long as any such step keeps the disagreement. A range that agrees when it is alone is returned as it was.
 */
export async function shrink(
  disagreement: Disagreement,
  guest: Guest,
  model: KernelModel,
): Promise<Disagreement> {
  let smallest = disagreement;
  let questions = 0;
  for (let shrunk = true; shrunk; ) {
    shrunk = false;
    for (const batch of simpler(smallest.batch)) {
      if (++questions > MOST_QUESTIONS) return smallest;
      const compared = await compareBatch(guest, batch, model);
      if (!compared.ok) return smallest;
      if (compared.value.disagreements.length === 0) continue;
      smallest = compared.value.disagreements[0];
      shrunk = true;
      break;
    }
  }
  return smallest;
}

const CONDITIONS = ['zero', 'shared', 'unreferenced', 'pinned', 'lazyfree', 'small'] as const;

function* simpler(batch: LabBatch): Generator<LabBatch> {
  const [range] = batch.ranges;
  const withRange = (next: LabRange): LabBatch => ({ ...batch, ranges: [next] });
  for (const condition of CONDITIONS) {
    if (!isEmpty(range[condition]))
      yield withRange({ ...range, [condition]: new Uint32Array(range.present.length) });
  }
  if (range.folioOrder > 0) yield withRange({ ...range, folioOrder: 0 });
  for (const order of ordersOf(batch.orders)) {
    const orders = (batch.orders & ~(1 << order)) as OrderSet;
    if (orders !== 0) yield { ...batch, orders };
  }
  for (const fact of ['present', ...CONDITIONS] as const) {
    for (let size = 256; size >= 1; size >>= 1) {
      for (let first = 0; first < 512; first += size) {
        const kept = without(range[fact], first, size);
        // A VMA that was never written is not even registered: khugepaged would not go round.
        if (kept && (fact !== 'present' || !isEmpty(kept)))
          yield withRange(trimmed({ ...range, [fact]: kept }));
      }
    }
  }
}

/** The pages without a block of them; undefined if there is nothing in it. */
function without(pages: Occupancy, first: number, size: number): Occupancy | undefined {
  const next = pages.slice();
  for (let page = first; page < first + size; page++) next[page >>> 5] &= ~(1 << (page & 31));
  return next.every((word, i) => word === pages[i]) ? undefined : next;
}

/** Conditions hold for present pages only. */
function trimmed(range: LabRange): LabRange {
  const only = (pages: Occupancy) => intersection(pages, range.present);
  return {
    ...range,
    shared: only(range.shared),
    unreferenced: only(range.unreferenced),
    pinned: only(range.pinned),
    lazyfree: only(range.lazyfree),
    small: only(range.small),
  };
}
