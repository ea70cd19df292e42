import { isEmpty, type Occupancy } from './occupancy.ts';
import { eachFact, hasLargeFolio, PAGE_FACTS, type RangeState } from './range-state.ts';

/**
 * The state of a range at address 0, without the bits that mean nothing, in memory of its own: sources hand
 * out views of buffers that hold many ranges.
 */
export function compactRange({ geometry, facts, folioOrders, pmdMapped, uffdArmed }: RangeState): RangeState {
  const { present, swap, zero, guard } = facts;
  const length = present.length;
  const buffer = new Uint32Array(length * PAGE_FACTS.length);
  let used = 0;
  const place = (fact: Occupancy, within?: Occupancy, without?: Occupancy): Occupancy => {
    const copy = buffer.subarray(used, (used += length));
    for (let i = 0; i < length; i++)
      copy[i] = fact[i] & (within ? within[i] : -1) & (without ? ~without[i] : -1);
    return copy;
  };
  const swapped = place(swap, undefined, present);
  return {
    geometry,
    address: 0,
    facts: {
      present: place(present),
      swap: swapped,
      guard: guard && place(guard, swapped),
      zero: zero && place(zero, present),
      shared: facts.shared && place(facts.shared),
      unreferenced: facts.unreferenced && place(facts.unreferenced),
      pinned: facts.pinned && place(facts.pinned),
      lazyfree: facts.lazyfree && place(facts.lazyfree),
      locked: facts.locked && place(facts.locked),
      uffd: facts.uffd && place(facts.uffd),
    },
    folioOrders: folioOrders?.slice(),
    pmdMapped,
    uffdArmed,
  };
}

/** A key of the state of a compact range: alike for those that are alike, and for no others. */
export function rangeKey({ facts, folioOrders, pmdMapped, uffdArmed }: RangeState): string {
  const known = eachFact((fact) => {
    const words = facts[fact];
    if (!words) return UNKNOWN;
    return isEmpty(words) ? EMPTY : textOf(words);
  });
  const folios = !folioOrders ? UNKNOWN : hasLargeFolio(folioOrders) ? runsOf(folioOrders) : EMPTY;
  return `${PAGE_FACTS.map((fact) => known[fact]).join('')}${folios}${pmdMapped}${uffdArmed}`;
}

/** One character each, as no list of words begins with them. */
const UNKNOWN = '?';
const EMPTY = '.';
const LIST = ':';

/** The halves of the words as characters; lists of one geometry are of one length. */
function textOf(words: Occupancy): string {
  return LIST + String.fromCharCode(...new Uint16Array(words.buffer, words.byteOffset, 2 * words.length));
}

/** Orders with how often each follows, and an end that is no order. */
function runsOf(orders: Uint8Array): string {
  let text = LIST;
  for (let first = 0; first < orders.length; ) {
    let end = first + 1;
    while (end < orders.length && orders[end] === orders[first]) end++;
    text += String.fromCharCode(orders[first], end - first);
    first = end;
  }
  return text + END;
}

const END = '\uffff';
