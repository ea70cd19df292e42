import { digestJson, type MemoryDigestJson, memoryDigestJson } from '../analysis/digest/digest-json.ts';
import type { ProcessDigest, SourceDigest } from '../analysis/digest/memory-digest.ts';
import { RESTART_CLASSES, VMA_CLASSES } from '../analysis/digest/memory-digest.ts';
import { serviceNames } from '../core/rules/service.ts';
import {
  ANY_COLUMNS,
  COUNTED_TABLES,
  type CountedTable,
  countColumn,
  DATASET_VERSION,
  type FleetTableName,
  FULL_COLUMNS,
  noRows,
  OPEN_COLUMNS,
} from './tables.ts';

/** A host at one time, as it goes into a dataset. */
export interface Reading {
  readonly digest: SourceDigest;
  readonly host: string;
  /** What the host is called besides: `rack=a`. */
  readonly labels: readonly string[];
  readonly machine: HostMachine;
  /** Whether names of programs, services and groups become hashes; `host` is one already then. */
  readonly hashNames: boolean;
}

/** What a machine has, and when it was started; undefined where nothing says. */
interface HostMachine {
  readonly totalBytes: number | undefined;
  readonly availableBytes: number | undefined;
  /** Milliseconds since 1970, by the clock of the reading. */
  readonly bootedAtMs: number | undefined;
}

/** A value of a column. */
type FleetValue = string | number | null;
export type TableRow = Readonly<Record<string, FleetValue>>;
export type ReadingRows = Readonly<Record<FleetTableName, readonly TableRow[]>>;

/** Digits of the boot id in the name of a reading: two hosts of one name do not take each other's place. */
const BOOT_DIGITS = 8;

/**
 * The name that all files of a reading have: HOST-TIME-BOOT. Sending it twice is sending it once.
 */
export function readingName({ host, digest }: Pick<Reading, 'host' | 'digest'>): string {
  const time = new Date(digest.host.time).toISOString().replace(/[-:.]/g, '');
  const boot = (digest.host.bootId ?? '').replace(/[^0-9a-f]/g, '').slice(0, BOOT_DIGITS);
  return `${host.replace(/[^A-Za-z0-9._-]/g, '_')}-${time}-${boot.padEnd(BOOT_DIGITS, '0')}`;
}

/** The day of a reading in UTC, as datasets are cut: 2026-11-27. */
export function readingDate({ digest }: Pick<Reading, 'digest'>): string {
  return new Date(digest.host.time).toISOString().slice(0, 'YYYY-MM-DD'.length);
}

/** The rows of a reading in each table: see tables.ts and docs/fleet.md#tables. */
export function readingRows(reading: Reading): ReadingRows {
  const { digest, labels } = reading;
  const { host } = digest;
  const whose: TableRow = {
    date: readingDate(reading),
    host: reading.host,
    boot_id: host.bootId ?? '',
    read_at_ms: Date.parse(host.time),
    kernel: host.kernelRelease,
    page_shift: host.geometry.pageShift,
    pmd_order: host.geometry.pmdOrder,
    labels: labels.length === 0 ? '' : `;${labels.join(';')};`,
  };
  const services = serviceNames(
    digest.processes.map(({ process: { cgroup, command }, memory: { residentPages } }) => ({
      cgroup,
      command,
      residentPages,
    })),
  );
  const tables = noRows<TableRow>();
  for (const [at, each] of digest.processes.entries()) {
    const { pid, startTime, command } = each.process;
    const process = { ...whose, pid, start_time: startTime, service: services[at], command };
    const own = processRows(each);
    for (const table of COUNTED_TABLES)
      for (const row of own[table]) tables[table].push({ ...process, ...row });
  }
  return { ...tables, hosts: [{ ...whose, ...hostRow(reading), ...rowCounts(tables) }] };
}

function hostRow({ digest, machine }: Reading): TableRow {
  const { settings, khugepaged, shrinkUnderused, zoneReclaim, cpu } = digestJson({
    ...digest,
    processes: [],
  }).host;
  return {
    dataset_version: DATASET_VERSION,
    // Alike on hosts that are alike, so that engines group by it.
    facts: JSON.stringify({ settings, khugepaged, shrinkUnderused, zoneReclaim, cpu, tlb: digest.reach }),
    cpu: cpu?.modelName ?? '',
    enabled: settings?.enabled ?? '',
    max_ptes_none: settings?.maxPtesNone ?? null,
    mem_total_bytes: machine.totalBytes ?? null,
    mem_available_bytes: machine.availableBytes ?? null,
    booted_at_ms: machine.bootedAtMs ?? null,
    reach_pages: digest.reach.pages,
    skipped: digest.skipped.length,
    notes: digest.notes.join('\n'),
  };
}

function rowCounts(tables: Readonly<Record<CountedTable, readonly TableRow[]>>): TableRow {
  return Object.fromEntries(COUNTED_TABLES.map((table) => [countColumn(table), tables[table].length]));
}

function processRows({ process, isRegistered, memory }: ProcessDigest): Record<CountedTable, TableRow[]> {
  const json = memoryDigestJson(memory);
  return {
    processes: [processRow(process, isRegistered, json)],
    limits: (process.memoryGroups ?? []).map(({ path, limitBytes, usedBytes }) => ({
      path,
      limit_bytes: limitBytes,
      used_bytes: usedBytes,
    })),
    refused: Object.entries(json.refused).map(([reason, { ranges, pages }]) => ({ reason, ranges, pages })),
    ...classRows(json),
    edges: edgeRows(json),
  };
}

function processRow(
  { cgroup, thpDisabled, pinnedBytes, ksmBytes }: ProcessDigest['process'],
  isRegistered: boolean | undefined,
  json: MemoryDigestJson,
): TableRow {
  const flag = (known: boolean | undefined) => (known === undefined ? null : Number(known));
  return {
    cgroup,
    thp_disabled: flag(thpDisabled),
    is_registered: flag(isRegistered),
    ranges: json.ranges,
    resident_pages: json.residentPages,
    huge_pages: json.hugePages,
    pmd_mapped_pages: json.pmdMappedPages ?? 0,
    saved_entries: json.savedEntries ?? 0,
    other_pages: json.otherPages ?? null,
    unchecked_pages: json.uncheckedPages ?? null,
    knows_restart: Number(Boolean(json.restart)),
    assumed: json.assumed.join(','),
    pinned_bytes: pinnedBytes ?? null,
    ksm_bytes: ksmBytes ?? null,
  };
}

function classRows(
  json: MemoryDigestJson,
): Pick<Record<CountedTable, TableRow[]>, 'rows' | 'any' | 'folios' | 'blocked' | 'open' | 'apart'> {
  const rows: TableRow[] = [];
  const any: TableRow[] = [];
  const folios: TableRow[] = [];
  const blocked: TableRow[] = [];
  const open: TableRow[] = [];
  const apart: TableRow[] = [];
  for (const name of VMA_CLASSES) {
    const stored = json[name];
    if (!stored) continue;
    for (const [c, ranges, ...full] of stored.rows)
      rows.push({ class: name, c, ranges, ...listed(FULL_COLUMNS, full) });
    for (const [c, j, k, held, large, saved = 0] of stored.folios)
      folios.push({ class: name, c, j, k, held, large, saved });
    const [windows, held, heldPages, large, saved] = stored.any;
    for (const [k, count] of windows.entries()) {
      if (count === 0) continue;
      any.push({
        class: name,
        k,
        windows: count,
        held: held[k] ?? 0,
        held_pages: heldPages[k] ?? 0,
        large_pages: large[k] ?? 0,
        saved: saved?.[k] ?? 0,
      });
    }
    for (const [c, s, u, ranges, large = 0, saved = 0, ...pairs] of stored.blocked?.rows ?? [])
      blocked.push({
        class: name,
        c,
        s,
        u,
        ranges,
        large_pages: large,
        saved,
        ...listed(
          FULL_COLUMNS,
          pairs.filter((_, i) => i % 2 === 0),
        ),
        ...listed(
          OPEN_COLUMNS,
          pairs.filter((_, i) => i % 2 === 1),
        ),
      });
    for (const [s, u, j, pages, ...within] of stored.blocked?.any ?? [])
      open.push({ class: name, s, u, j, pages, ...listed(ANY_COLUMNS, within) });
    for (const { count, range } of stored.apart)
      apart.push({ class: name, state: JSON.stringify(range), ranges: count });
  }
  return { rows, any, folios, blocked, open, apart };
}

function edgeRows({ restart }: MemoryDigestJson): TableRow[] {
  if (!restart) return [];
  const rows = new Map<string, { class: string; block: number } & Record<string, FleetValue>>();
  const rowOf = (name: string, block: number) => {
    const key = `${name} ${block}`;
    const row = rows.get(key) ?? {
      class: name,
      block,
      touched: 0,
      ...listed(ANY_COLUMNS, []),
      folio_pages: 0,
      shared_pages: 0,
    };
    rows.set(key, row);
    return row;
  };
  for (const name of RESTART_CLASSES) {
    const table = restart[name];
    if (!table) continue;
    for (const [block, touched, ...any] of table.blocks)
      Object.assign(rowOf(name, block), { touched, ...listed(ANY_COLUMNS, any) });
    for (const [order, pages] of table.folioPages.entries())
      if (pages > 0) rowOf(name, order).folio_pages = pages;
    if (table.sharedPages > 0) rowOf(name, 0).shared_pages = table.sharedPages;
  }
  return [...rows.values()];
}

/** Numbers under the names of columns; 0 where a list ends before. */
function listed(columns: readonly string[], numbers: readonly number[]): Record<string, number> {
  return Object.fromEntries(columns.map((name, i) => [name, numbers[i] ?? 0]));
}
