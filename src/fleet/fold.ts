import type { BlockedJson } from '../analysis/digest/blocked-json.ts';
import { type MemoryDigestJson, memoryDigestOfJson } from '../analysis/digest/digest-json.ts';
import {
  type MemoryDigest,
  RESTART_CLASSES,
  VMA_CLASSES,
  type VmaClass,
} from '../analysis/digest/memory-digest.ts';
import { fail, type Result, succeed } from '../core/base/failure.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import { MIN_ANON_ORDER } from '../core/memory/order.ts';
import { OBSERVABLE_FACTS, type ObservableFact } from '../core/memory/range-state.ts';
import type { FleetEngine, FleetRow } from './engines/engine.ts';
import { type FoldQuestion, foldStatements } from './fold-sql.ts';
import {
  ANY_COLUMNS,
  COUNTED_TABLES,
  type CountedTable,
  FULL_COLUMNS,
  noRows,
  OPEN_COLUMNS,
} from './tables.ts';

/** Processes of a fleet that are added up: those of a service, of a command, or all. */
export interface FoldedPart {
  /** What they have in common, in the order of the question's `by`. */
  readonly key: readonly string[];
  readonly processes: number;
  /** The control group of one of them. */
  readonly cgroup: string;
  readonly memory: MemoryDigest;
}

/** What the memory of all hosts has in common. */
export interface FoldedGeometry {
  readonly geometry: Geometry;
  /** What one TLB entry below the PMD maps; 1 where the hosts differ. */
  readonly reachPages: number;
  /** Whether all hosts agree in that: else entries saved by folios are not comparable. */
  readonly sameReach: boolean;
}

/**
 * Lets an engine add digests up and reads the sums as digests. Fails where it cannot answer wholly, or with
 * sums that no memory can have.
 */
export async function fold(
  engine: FleetEngine,
  question: FoldQuestion,
  folded: FoldedGeometry,
): Promise<Result<FoldedPart[]>> {
  const statements = foldStatements(question);
  const parts = new Map<string, PartRows>();
  for (const table of COUNTED_TABLES) {
    if (table === 'limits') continue;
    const rows = await engine.query(statements[table]);
    if (!rows.ok) return rows;
    for (const row of rows.value) {
      const key = question.by.map((column) => String(row[column]));
      const text = JSON.stringify(key);
      const part = parts.get(text) ?? emptyPart(key);
      parts.set(text, part);
      part[table].push(row);
    }
  }
  const out: FoldedPart[] = [];
  for (const [, part] of [...parts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Sums over no row at all.
    if (part.processes.every((row) => numberOf(row, 'processes') === 0)) continue;
    const memory = memoryOf(part, folded);
    if (!memory.ok) {
      const whose = part.key.length === 0 ? 'the sum' : part.key.join(', ');
      return fail('unreadable', `${whose}: ${memory.failure.message}: the dataset contradicts itself`);
    }
    out.push({
      key: part.key,
      processes: total(part.processes, 'processes'),
      cgroup: String(part.processes[0].cgroup ?? ''),
      memory: memory.value,
    });
  }
  return succeed(out);
}

type PartRows = { readonly key: readonly string[] } & Record<CountedTable, FleetRow[]>;

function emptyPart(key: readonly string[]): PartRows {
  return { key, ...noRows<FleetRow>() };
}

function memoryOf(part: PartRows, { geometry, reachPages, sameReach }: FoldedGeometry): Result<MemoryDigest> {
  const saved = (row: FleetRow) => (sameReach ? numberOf(row, 'saved') : 0);
  const known = (column: string) =>
    total(part.processes, `${column}_unknown`) > 0 ? undefined : total(part.processes, column);
  const json: MemoryDigestJson = {
    ranges: total(part.processes, 'ranges'),
    residentPages: total(part.processes, 'resident_pages'),
    hugePages: total(part.processes, 'huge_pages'),
    pmdMappedPages: total(part.processes, 'pmd_mapped_pages'),
    savedEntries: sameReach ? total(part.processes, 'saved_entries') : 0,
    otherPages: known('other_pages'),
    uncheckedPages: known('unchecked_pages'),
    refused: Object.fromEntries(
      part.refused.map((row) => [
        String(row.reason),
        { ranges: numberOf(row, 'ranges'), pages: numberOf(row, 'pages') },
      ]),
    ),
    assumed: assumedFacts(part.processes),
    restart: part.processes.every((row) => numberOf(row, 'knows_restart') === 1)
      ? Object.fromEntries(RESTART_CLASSES.map((name) => [name, restartOf(part.edges, name)]))
      : null,
  };
  const classes: Partial<Record<VmaClass, NonNullable<MemoryDigestJson[VmaClass]>>> = {};
  for (const name of VMA_CLASSES) {
    const apart = apartOf(part.apart, name);
    if (!apart.ok) return apart;
    classes[name] = { ...tableOf(part, name, geometry, saved), apart: apart.value };
  }
  return memoryDigestOfJson({ ...json, ...classes }, geometry, sameReach ? reachPages : 1);
}

function tableOf(part: PartRows, name: VmaClass, { pmdOrder }: Geometry, saved: (row: FleetRow) => number) {
  const any = ['windows', 'held', 'held_pages', 'large_pages'].map((column) =>
    byOrder(part.any, name, pmdOrder, (row) => numberOf(row, column)),
  );
  return {
    rows: ofClass(part.rows, name).map((row) => [
      numberOf(row, 'c'),
      numberOf(row, 'ranges'),
      ...FULL_COLUMNS.slice(0, pmdOrder - MIN_ANON_ORDER).map((column) => numberOf(row, column)),
    ]),
    folios: ofClass(part.folios, name).map((row) => [
      ...['c', 'j', 'k', 'held', 'large'].map((column) => numberOf(row, column)),
      saved(row),
    ]),
    any: [...any, byOrder(part.any, name, pmdOrder, saved)],
    blocked: blockedOf(part, name, pmdOrder, saved),
  };
}

function blockedOf(
  part: PartRows,
  name: VmaClass,
  pmdOrder: number,
  saved: (row: FleetRow) => number,
): BlockedJson {
  const orders = pmdOrder - MIN_ANON_ORDER;
  return {
    rows: ofClass(part.blocked, name).map((row) => [
      ...['c', 's', 'u', 'ranges', 'large_pages'].map((column) => numberOf(row, column)),
      saved(row),
      ...FULL_COLUMNS.slice(0, orders).flatMap((column, i) => [
        numberOf(row, column),
        numberOf(row, OPEN_COLUMNS[i]),
      ]),
    ]),
    any: ofClass(part.open, name).map((row) => {
      const j = numberOf(row, 'j');
      return [
        ...['s', 'u', 'j', 'pages'].map((column) => numberOf(row, column)),
        ...ANY_COLUMNS.slice(0, Math.max(0, j - MIN_ANON_ORDER + 1)).map((column) => numberOf(row, column)),
      ];
    }),
  };
}

function byOrder(
  rows: readonly FleetRow[],
  name: VmaClass,
  pmdOrder: number,
  value: (row: FleetRow) => number,
): number[] {
  const list = Array.from({ length: pmdOrder + 1 }, () => 0);
  // An order that no geometry has is refused with the rest: it makes the list too long.
  for (const row of ofClass(rows, name)) list[numberOf(row, 'k')] = value(row);
  return list;
}

/** A state of ranges that are kept whole: its text is checked when the digest is made. */
function apartOf(
  rows: readonly FleetRow[],
  name: VmaClass,
): Result<{ readonly count: number; readonly range: object }[]> {
  const states: { count: number; range: object }[] = [];
  for (const row of ofClass(rows, name)) {
    const state = jsonObject(String(row.state));
    if (!state) return fail('unreadable', `a range that is kept whole (${name}) is no range`);
    states.push({ count: numberOf(row, 'ranges'), range: state });
  }
  return succeed(states);
}

function jsonObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function restartOf(rows: readonly FleetRow[], name: string) {
  const own = rows.filter((row) => row.class === name);
  const folioPages: number[] = [];
  for (const row of own) {
    const pages = numberOf(row, 'folio_pages');
    if (pages > 0) folioPages[numberOf(row, 'block')] = pages;
  }
  return {
    blocks: own
      .filter((row) => numberOf(row, 'touched') > 0)
      .map((row) => {
        const block = numberOf(row, 'block');
        const orders = Math.max(0, block - MIN_ANON_ORDER + 1);
        return [
          block,
          numberOf(row, 'touched'),
          ...ANY_COLUMNS.slice(0, orders).map((column) => numberOf(row, column)),
        ];
      }),
    folioPages: Array.from(folioPages, (pages) => pages ?? 0),
    sharedPages: total(own, 'shared_pages'),
  };
}

function assumedFacts(rows: readonly FleetRow[]): ObservableFact[] {
  const named = new Set(rows.flatMap((row) => String(row.assumed).split(',')));
  return OBSERVABLE_FACTS.filter((fact) => named.has(fact));
}

function ofClass(rows: readonly FleetRow[], name: string): FleetRow[] {
  return rows.filter((row) => row.class === name);
}

function total(rows: readonly FleetRow[], column: string): number {
  return rows.reduce((sum, row) => sum + numberOf(row, column), 0);
}

/** A count; null is the sum of no rows. */
function numberOf(row: FleetRow, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : 0;
}
