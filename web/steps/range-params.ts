import { type Failure, fail, type Result, succeed } from '../../src/core/base/failure.ts';
import { type Geometry, rangeBytes } from '../../src/core/memory/geometry.ts';
import { difference, emptyOccupancy, hasPage, intersection, union } from '../../src/core/memory/occupancy.ts';
import { parsePages } from '../../src/core/memory/page-list.ts';
import {
  eachFact,
  PAGE_FACTS,
  type PageFact,
  pageFacts,
  type RangeState,
  unknownFacts,
} from '../../src/core/memory/range-state.ts';
import { rangeOfText, rangeText } from '../../src/core/memory/range-text.ts';

/** The bitmaps of a range by the parameters that say them. */
const BITMAP_PARAMS = {
  present: 'present',
  swap: 'swapped',
  zero: 'zeroed',
  shared: 'shareds',
  guard: 'guards',
  unreferenced: 'unreferenced',
  pinned: 'pinned',
  lazyfree: 'lazyfree',
  locked: 'locked',
  uffd: 'uffd',
} as const satisfies Record<PageFact, string>;

/** All parameters of a link that describe a range, but for its PMD order. */
export const RANGE_PARAMS: readonly string[] = [
  ...Object.values(BITMAP_PARAMS),
  'folios',
  'pmdmapped',
  'armed',
  'unknown',
  'address',
];

/**
 * The range that parameters describe; what they leave out is empty. Folios are `4@16-31 9@0-511`. Parameters that cannot
 * be read count as empty and are reported.
 */
export function rangeOfParams(
  params: Readonly<Record<string, string>>,
  geometry: Geometry,
  report: (failure: Failure) => void,
): RangeState {
  const bits = eachFact((fact) => {
    const param = BITMAP_PARAMS[fact];
    const pages = parsePages(params[param] ?? '', geometry);
    if (!pages.ok) report({ ...pages.failure, message: `${param}: ${pages.failure.message}` });
    return pages.ok ? pages.value : emptyOccupancy(geometry);
  });
  const folios = folioOrdersOf(params.folios, geometry);
  if (!folios.ok) report(folios.failure);
  const address = addressOf(params.address, geometry);
  if (!address.ok) report(address.failure);
  const unknown = new Set((params.unknown ?? '').split(','));
  const seen = { present: union(bits.present, bits.zero), swap: union(bits.swap, bits.guard) };
  return tidy({
    geometry,
    address: address.ok ? address.value : 0,
    facts: pageFacts(seen, (fact) => (unknown.has(fact) ? undefined : bits[fact])),
    folioOrders: folios.ok && !unknown.has('folioOrders') ? folios.value : undefined,
    pmdMapped: unknown.has('pmdMapped') ? undefined : params.pmdmapped === '1',
    uffdArmed: params.armed === '1',
  });
}

/** The parameters of a range; those of facts that are empty are undefined. */
export function paramsOfRange(range: RangeState): Record<string, string | undefined> {
  const tidied = tidy(range);
  const text = rangeText(tidied);
  const folios = Object.entries(text.folioOrders ?? {}).map(([order, pages]) => `${order}@${pages}`);
  const unknown = unknownFacts(range);
  return {
    ...Object.fromEntries(PAGE_FACTS.map((bitmap) => [BITMAP_PARAMS[bitmap], text[bitmap] ?? undefined])),
    present: text.present ?? '',
    folios: folios.length === 0 ? undefined : folios.join(' '),
    pmdmapped: range.pmdMapped ? '1' : undefined,
    armed: range.uffdArmed ? '1' : undefined,
    unknown: unknown.length === 0 ? undefined : unknown.join(','),
    address: range.address === 0 ? undefined : `0x${range.address.toString(16)}`,
  };
}

/** Without the bits that mean nothing, so that equal ranges have equal links. */
function tidy(range: RangeState): RangeState {
  const { facts } = range;
  const { present, uffd } = facts;
  const swap = difference(facts.swap, present);
  const where = { ...eachFact(() => present), guard: swap };
  const meant = pageFacts({ present, swap }, (fact) => facts[fact] && intersection(facts[fact], where[fact]));
  return {
    ...range,
    facts: { ...meant, uffd },
    folioOrders: range.folioOrders?.map((order, page) => (hasPage(present, page) ? order : 0)),
  };
}

function folioOrdersOf(text: string | undefined, geometry: Geometry): Result<Uint8Array | undefined> {
  const lists: Record<string, string> = {};
  for (const each of (text ?? '').split(/\s+/).filter((word) => word !== '')) {
    const [order, pages] = each.split('@', 2);
    if (pages === undefined) return fail('usage', `folios '${each}': write ORDER@PAGES, such as 4@16-31`);
    lists[order] = pages;
  }
  const range = rangeOfText({ folioOrders: lists }, geometry);
  if (range.ok) return succeed(range.value.folioOrders);
  return fail('usage', `folios: ${range.failure.message}`);
}

function addressOf(text = '0', geometry: Geometry): Result<number> {
  const address = /^(0x[0-9a-f]+|0)$/i.test(text) ? Number(text) : NaN;
  // With five levels of page tables addresses have 57 bits; those of ranges end in zeros and are exact nevertheless.
  if (address < 2 ** 57 && address % rangeBytes(geometry) === 0) return succeed(address);
  return fail('usage', `address '${text}': not the first byte of a PMD range`);
}
