import { type Failure, fail, type Result, succeed } from '../../../src/core/base/failure.ts';
import { type Geometry, rangeBytes } from '../../../src/core/memory/geometry.ts';
import { factOfNoPage } from '../../../src/core/memory/impossible-range.ts';
import { difference, hasPage, intersection } from '../../../src/core/memory/occupancy.ts';
import {
  eachFact,
  OBSERVABLE_FACTS,
  PAGE_FACTS,
  type PageFact,
  pageFacts,
  type RangeState,
  unknownFacts,
} from '../../../src/core/memory/range-state.ts';
import { type RangeText, rangeText, readRange } from '../../../src/core/memory/range-text.ts';

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
 * The range that parameters describe; what they leave out is empty. Folios are `4@16-31 9@0-511`. Parameters
 * that cannot be read count as empty and are reported.
 */
export function rangeOfParams(
  params: Readonly<Record<string, string>>,
  geometry: Geometry,
  report: (failure: Failure) => void,
): RangeState {
  const folios = folioListsOf(params.folios);
  if (!folios.ok) report(folios.failure);
  const unknown = (params.unknown ?? '').split(',');
  const text: RangeText = {
    ...eachFact((fact) => params[BITMAP_PARAMS[fact]]),
    folioOrders: folios.ok ? folios.value : {},
    pmdMapped: params.pmdmapped === '1',
    uffdArmed: params.armed === '1',
    ...Object.fromEntries(
      OBSERVABLE_FACTS.filter((fact) => unknown.includes(fact)).map((fact) => [fact, null]),
    ),
  };
  const { range, problems } = readRange(text, geometry);
  for (const { kind, message, list } of problems) {
    const param = list && (list === 'folios' ? list : BITMAP_PARAMS[list]);
    report({ kind, message: param ? `${param}: ${message}` : message });
  }
  const misplaced = factOfNoPage(range);
  if (misplaced !== undefined) report({ kind: 'usage', message: misplaced });
  const address = addressOf(params.address, geometry);
  if (!address.ok) report(address.failure);
  return tidy({ ...range, address: address.ok ? address.value : 0 });
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

function folioListsOf(text = ''): Result<Record<string, string>> {
  const lists: Record<string, string> = {};
  for (const each of text.split(/\s+/).filter((word) => word !== '')) {
    const [order, pages] = each.split('@', 2);
    if (pages === undefined) return fail('usage', `folios '${each}': write ORDER@PAGES, such as 4@16-31`);
    lists[order] = pages;
  }
  return succeed(lists);
}

function addressOf(text = '0', geometry: Geometry): Result<number> {
  const address = /^(0x[0-9a-f]+|0)$/i.test(text) ? Number(text) : NaN;
  // With five levels of page tables addresses have 57 bits; those of ranges end in zeros and are exact
  // nevertheless.
  if (address < 2 ** 57 && address % rangeBytes(geometry) === 0) return succeed(address);
  return fail('usage', `address '${text}': not the first byte of a PMD range`);
}
