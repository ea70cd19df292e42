import { type Geometry, pagesPerRange } from './geometry.ts';
import { difference, emptyOccupancy, intersection, isEmpty, type Occupancy } from './occupancy.ts';
import {
  eachFact,
  hasLargeFolio,
  PAGE_FACTS,
  type PageFact,
  pageFacts,
  type RangeState,
} from './range-state.ts';

/**
 * The state of a range at address 0, without the bits that mean nothing, in memory of its own: sources hand
 * out views of buffers that hold many ranges. What is empty is one bitmap for all: none of it may be changed.
 */
export function compactRange({ geometry, facts, folioOrders, pmdMapped, uffdArmed }: RangeState): RangeState {
  const { present } = facts;
  const swap = difference(facts.swap, present);
  const copies: Readonly<Partial<Record<PageFact, Occupancy>>> = {
    ...facts,
    swap,
    zero: facts.zero && intersection(facts.zero, present),
    guard: facts.guard && intersection(facts.guard, swap),
  };
  const { words: none, orders: small } = nothingOf(geometry);
  const kept = PAGE_FACTS.filter((fact) => copies[fact] && !isEmpty(copies[fact]));
  const buffer = new Uint32Array(present.length * kept.length);
  const compact = (fact: PageFact): Occupancy | undefined => {
    const at = kept.indexOf(fact) * present.length;
    const words = copies[fact];
    if (!words || at < 0) return words && none;
    buffer.set(words, at);
    return buffer.subarray(at, at + present.length);
  };
  return {
    geometry,
    address: 0,
    facts: pageFacts({ present: compact('present') ?? none, swap: compact('swap') ?? none }, compact),
    folioOrders: folioOrders && (hasLargeFolio(folioOrders) ? folioOrders.slice() : small),
    pmdMapped,
    uffdArmed,
  };
}

/** What holds nothing, by the PMD order. */
const nothing = new Map<number, { readonly words: Occupancy; readonly orders: Uint8Array }>();

function nothingOf(geometry: Geometry) {
  let none = nothing.get(geometry.pmdOrder);
  if (!none) {
    none = { words: emptyOccupancy(geometry), orders: new Uint8Array(pagesPerRange(geometry)) };
    nothing.set(geometry.pmdOrder, none);
  }
  return none;
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
