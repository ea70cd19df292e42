import { DigestQuery } from '../analysis/digest/digest-query.ts';
import {
  addApart,
  emptyMemoryDigest,
  type MemoryDigest,
  type VmaClass,
} from '../analysis/digest/memory-digest.ts';
import { policyWorthOf } from '../analysis/digest/policy-worth.ts';
import { type Result, succeed } from '../core/base/failure.ts';
import { blockedRowOf, blockedWindowsOf } from '../core/digest/blocked-table.ts';
import { MIN_ANON_ORDER } from '../core/memory/order.ts';
import { type RangeText, rangeOfText } from '../core/memory/range-text.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import type { FleetEngine, FleetRow } from './engines/engine.ts';
import type { GrowthQuestion } from './growth-weights.ts';
import { sqlText } from './sql-text.ts';
import { ANY_COLUMNS, type CountedTable, sqlName } from './tables.ts';

/** A table of which every key is asked about: what its rows add lies on no line. */
interface KeyedTable {
  readonly table: CountedTable;
  /** What decides besides the class. */
  readonly keys: readonly string[];
  /** The counts that growth depends on: khugepaged fills nothing in full windows below the PMD order. */
  readonly columns: readonly string[];
  /** What is the same for keys whose rows add the same; by default every key is asked about. */
  readonly alike?: (row: FleetRow, settings: ThpSettings) => string;
  /** Has some memory hold one of a column, and nothing else. */
  readonly hold: (memory: MemoryDigest, row: FleetRow, column: string) => Result<void>;
}

const KEYED: readonly KeyedTable[] = [
  {
    table: 'blocked',
    keys: ['c', 's', 'u'],
    columns: ['ranges'],
    hold({ classes }, row) {
      const key = { pages: Number(row.c), shared: Number(row.s), swapped: Number(row.u) };
      blockedRowOf(classes[row.class as VmaClass].blocked, key).ranges = 1;
      return succeed(undefined);
    },
  },
  {
    table: 'open',
    keys: ['s', 'u', 'j'],
    columns: ['pages', ...ANY_COLUMNS],
    // Of ranges with so many shared pages and swap entries limits say whether they are scanned, and no more.
    alike: ({ class: name, s, u, j }, { maxPtesShared, maxPtesSwap }) =>
      `${name} ${j} ${Number(s) <= maxPtesShared} ${Number(u) <= maxPtesSwap}`,
    hold({ classes, geometry }, row, column) {
      const key = { shared: Number(row.s), swapped: Number(row.u) };
      const { any } = blockedWindowsOf(classes[row.class as VmaClass].blocked, key);
      const order = column === 'pages' ? 0 : MIN_ANON_ORDER + ANY_COLUMNS.indexOf(column);
      if (order <= Number(row.j)) any[Number(row.j) * (geometry.pmdOrder + 1) + order] = 1;
      return succeed(undefined);
    },
  },
  {
    table: 'apart',
    keys: ['state'],
    columns: ['ranges'],
    hold({ classes, geometry }, row) {
      const range = rangeOfText(JSON.parse(String(row.state)) as RangeText, geometry);
      if (!range.ok) return range;
      addApart(classes[row.class as VmaClass], range.value, 1);
      return succeed(undefined);
    },
  },
];

/** More keys than this are not named in a statement: all are asked for. */
const NAMED_KEYS = 1000;

/** Adds the growth by khugepaged of ranges with shared pages or swap entries, and of those kept apart. */
export async function addKeyedGrowth(
  engine: FleetEngine,
  question: GrowthQuestion,
  by: readonly string[],
  add: (row: FleetRow, pages: number) => void,
): Promise<Result<void>> {
  for (const keyed of KEYED) {
    const weights = await weightsOf(engine, question, keyed);
    if (!weights.ok) return weights;
    if (weights.value.size === 0) continue;
    const rows = await engine.query(keyedStatement(keyed, [...weights.value.keys()], by, question.where));
    if (!rows.ok) return rows;
    for (const row of rows.value) {
      const own = weights.value.get(keyOf(row, keyed));
      if (!own) continue;
      for (const [column, weight] of own) add(row, weight * Number(row[column] ?? 0));
    }
  }
  return succeed(undefined);
}

/** What one of each column adds, by the keys that add anything. */
async function weightsOf(
  engine: FleetEngine,
  { geometry, settings, model, where }: GrowthQuestion,
  keyed: KeyedTable,
): Promise<Result<Map<string, [column: string, weight: number][]>>> {
  const keys = ['class', ...keyed.keys].join(', ');
  const found = await engine.query(
    `SELECT ${keys} FROM ${sqlName(keyed.table)} WHERE ${where} GROUP BY ${keys} ORDER BY ${keys}`,
  );
  if (!found.ok) return found;
  const weights = new Map<string, [string, number][]>();
  const asked = new Map<string, [string, number][]>();
  for (const row of found.value) {
    const kind = keyed.alike?.(row, settings) ?? keyOf(row, keyed);
    let own = asked.get(kind);
    if (!own) {
      own = [];
      for (const column of keyed.columns) {
        const memory = emptyMemoryDigest(geometry, 1);
        const held = keyed.hold(memory, row, column);
        if (!held.ok) return held;
        const pages = policyWorthOf(new DigestQuery(memory), settings, model).growthPages;
        if (pages !== 0) own.push([column, pages]);
      }
      asked.set(kind, own);
    }
    if (own.length > 0) weights.set(keyOf(row, keyed), own);
  }
  return succeed(weights);
}

function keyOf(row: FleetRow, { keys }: KeyedTable): string {
  return JSON.stringify([row.class, ...keys.map((key) => row[key])]);
}

function keyedStatement(
  { table, keys, columns }: KeyedTable,
  counting: readonly string[],
  by: readonly string[],
  where: string,
): string {
  const columnsOfKey = ['class', ...keys];
  const named = counting.length > NAMED_KEYS ? '' : ` AND ${keysAmong(columnsOfKey, counting)}`;
  const grouped = [...new Set([...by, ...columnsOfKey])].join(', ');
  const sums = columns.map((column) => `SUM(${column}) AS ${column}`).join(', ');
  return `SELECT ${grouped}, ${sums} FROM (SELECT ${grouped}, ${columns.join(', ')} FROM ${sqlName(table)} WHERE ${where}${named}) AS asked GROUP BY ${grouped}`;
}

function keysAmong(columns: readonly string[], keys: readonly string[]): string {
  const list = keys.map((key) => {
    const values = JSON.parse(key) as (string | number)[];
    return `(${values.map((value) => (typeof value === 'number' ? value : sqlText(value))).join(', ')})`;
  });
  return `(${columns.join(', ')}) IN (${list.join(', ')})`;
}
