import { isBlockedKey } from '../../core/digest/blocked-table.ts';
import { isRowKey } from '../../core/digest/table.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { MIN_ANON_ORDER } from '../../core/memory/order.ts';
import { scanResultNamed } from '../../core/rules/scan-result.ts';
import { INELIGIBLE_REASONS } from '../../core/rules/vma.ts';
import type { Refusal } from '../ranges/tally.ts';
import { type BlockedJson, ROW_HEAD, ROW_PLACE } from './blocked-json.ts';
import type { AnyClassJson, ClassJson } from './class-json.ts';
import type { MemoryDigestJson } from './digest-json.ts';
import { misplacedFolios } from './folio-rows.ts';
import type { RestartDigestJson } from './restart-json.ts';

/** Reasons besides results of the scan. */
const OTHER_REFUSALS: ReadonlySet<string> = new Set([...Object.keys(INELIGIBLE_REASONS), 'vma-edge']);

/** The reason of this name, in the spelling of any version; undefined where ranges are not refused for it. */
export function refusalNamed(name: string): Refusal | undefined {
  return OTHER_REFUSALS.has(name) ? (name as Refusal) : scanResultNamed(name);
}

/**
 * What in a stored digest stands in no place of the tables of this geometry, or twice; undefined where all
 * fits. What the numbers are is for `wrongSum`.
 */
export function misplaced(json: MemoryDigestJson<AnyClassJson>, geometry: Geometry): string | undefined {
  const refusal = Object.keys(json.refused).find((name) => refusalNamed(name) === undefined);
  if (refusal !== undefined) return `'refused' has a reason of no kernel: '${refusal}'`;
  return (
    misplacedInClass('unadvised', json.unadvised, geometry) ??
    misplacedInClass('hugepage', json.hugepage, geometry) ??
    misplacedInRestart(json.restart ?? {}, geometry) ??
    misplacedInRestart(json.repeated?.restart ?? {}, geometry)
  );
}

function misplacedInClass(
  name: string,
  json: AnyClassJson | undefined,
  geometry: Geometry,
): string | undefined {
  if (!json) return undefined;
  const { pmdOrder } = geometry;
  const rows = new Set<number>();
  for (const [pages, ...counts] of json.rows) {
    const where = `row ${pages} of ${name}`;
    if (!isRowKey(pages, geometry)) return `${where} is one of no range`;
    if (rows.has(pages)) return `${where} is there twice`;
    if (counts.length > pmdOrder - 1) return `${where} has full windows of no order`;
    rows.add(pages);
  }
  const { folios = [] } = json;
  const wrong =
    ('odd' in folios ? misplacedFolios(folios, rows, geometry) : misplacedCells(folios, rows, geometry)) ??
    misplacedBlocked(json.blocked, geometry);
  if (wrong !== undefined) return `${wrong} of ${name}`;
  if (json.any.some((byOrder) => byOrder.length > pmdOrder + 1))
    return `'any' of ${name} has windows of no order`;
  return undefined;
}

function misplacedCells(
  cells: ClassJson['folios'],
  rows: ReadonlySet<number>,
  { pmdOrder }: Geometry,
): string | undefined {
  const places = new Set<string>();
  for (const [pages, j, k] of cells) {
    const place = `[${pages}, ${j}, ${k}]`;
    const isPlace = k >= MIN_ANON_ORDER && (j < pmdOrder ? k <= j : j === pmdOrder && k === pmdOrder);
    if (!rows.has(pages) || !isPlace) return `in no window are folios ${place}`;
    if (places.has(place)) return `twice there are folios ${place}`;
    places.add(place);
  }
  return undefined;
}

function misplacedBlocked(json: BlockedJson | undefined, geometry: Geometry): string | undefined {
  if (!json) return undefined;
  const { pmdOrder } = geometry;
  const known = new Set<string>();
  for (const [pages, shared, swapped, ...counts] of json.rows) {
    const place = `blocked row [${pages}, ${shared}, ${swapped}]`;
    if (!isBlockedKey({ pages, shared, swapped }, geometry)) return `no range is in ${place}`;
    if (known.has(place)) return `twice there is ${place}`;
    if (counts.length > ROW_HEAD - ROW_PLACE + 2 * (pmdOrder - MIN_ANON_ORDER))
      return `windows of no order are in ${place}`;
    known.add(place);
  }
  const places = new Set<string>();
  for (const [shared, swapped, j, , ...within] of json.any) {
    const place = `blocked windows [${shared}, ${swapped}, ${j}]`;
    if (j < MIN_ANON_ORDER || j > pmdOrder || within.length > j - 1) return `of no order are ${place}`;
    if (places.has(place)) return `twice there are ${place}`;
    places.add(place);
  }
  return undefined;
}

function misplacedInRestart(json: RestartDigestJson, { pmdOrder }: Geometry): string | undefined {
  for (const [name, { blocks, folioPages }] of Object.entries(json)) {
    if (folioPages.length > pmdOrder + 1) return `the restart of ${name} has folios of no order`;
    const known = new Set<number>();
    for (const [block, , ...any] of blocks) {
      const where = `block ${block} in the restart of ${name}`;
      if (block > pmdOrder || any.length > Math.max(0, block - 1)) return `${where} is of no order`;
      if (known.has(block)) return `${where} is there twice`;
      known.add(block);
    }
  }
  return undefined;
}
