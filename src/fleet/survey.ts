import { formatDuration } from '../core/base/duration.ts';
import { fail, type Result, succeed } from '../core/base/failure.ts';
import { plural } from '../core/base/plural.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import type { FleetEngine, FleetRow } from './engines/engine.ts';
import { type HostFacts, hostFactsOf } from './host-facts.ts';
import { sqlText } from './sql-text.ts';
import { COUNTED_TABLES, countColumn, DATASET_VERSION, sqlName } from './tables.ts';

/** Which readings of a dataset are asked about. */
export interface FleetScope {
  /** A condition of the user on the columns that the tables have in common; undefined: all processes. */
  readonly where: string | undefined;
  /** How long before the newest reading a host may have been read last, in milliseconds. */
  readonly sinceMs: number;
  /** The clock of whoever asks, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** Hosts alike in settings, CPU and kernel. */
export interface HostKind {
  readonly facts: HostFacts;
  readonly kernel: string;
  readonly hosts: number;
}

/** The hosts of a dataset that are added up: of each its last reading. */
export interface FleetSurvey {
  /** The condition that selects the last reading of each host on each day within the time asked about. */
  readonly daily: string;
  /** The condition that selects those readings in every table. */
  readonly last: string;
  /** The same, and of their processes those that were asked about. */
  readonly where: string;
  readonly geometry: Geometry;
  readonly hosts: number;
  readonly kinds: readonly HostKind[];
  /** When the first and the last of these readings began, in milliseconds since 1970. */
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Processes that could not be read there. */
  readonly skipped: number;
  /** What is in the dataset and not in the sums, a sentence each. */
  readonly leftOut: readonly string[];
}

/** Clocks of hosts may be ahead of ours by so much. */
const CLOCK_TOLERANCE_MS = 10 * 60 * 1000;
/** When a host was started, by its clock, may differ from reading to reading by so much. */
const LARGEST_DRIFT_MS = 60 * 1000;
/** Hosts that a sentence names. */
const NAMED = 5;

/**
 * Finds the last reading of each host and checks that every row of it is there. Hosts that nothing can be
 * said of are left out and named: two of one name, clocks that are ahead. Fails where readings are there
 * twice or in part, of another page size, or written by a newer thpscope.
 */
export async function surveyFleet(engine: FleetEngine, scope: FleetScope): Promise<Result<FleetSurvey>> {
  const hosts = sqlName('hosts');
  const past = `read_at_ms <= ${scope.nowMs + CLOCK_TOLERANCE_MS}`;
  const ahead = await engine.query(
    `SELECT host, MAX(read_at_ms) AS last FROM ${hosts} WHERE NOT (${past}) GROUP BY host ORDER BY host`,
  );
  if (!ahead.ok) return ahead;
  const span = await engine.query(
    `SELECT COUNT(*) AS readings, MAX(read_at_ms) AS newest, MAX(dataset_version) AS version FROM ${hosts} WHERE ${past}`,
  );
  if (!span.ok) return span;
  const [{ readings, newest, version }] = span.value;
  if (numeric(readings) === 0) return fail('unreadable', nothingToRead(ahead.value));
  if (numeric(version) > DATASET_VERSION)
    return fail(
      'unreadable',
      `some hosts write version ${version} of the dataset, newer than this thpscope knows (${DATASET_VERSION}): install a newer one here`,
    );
  const understood = await checkCondition(engine, scope.where);
  if (!understood.ok) return understood;
  const window = `${past} AND read_at_ms >= ${numeric(newest) - scope.sinceMs}`;
  const namesakes = await findNamesakes(engine, window);
  if (!namesakes.ok) return namesakes;
  const twice = await checkOnce(engine, window);
  if (!twice.ok) return twice;
  const jumped = await engine.query(
    `SELECT host, MAX(booted_at_ms) - MIN(booted_at_ms) AS jump FROM ${hosts} WHERE ${window} GROUP BY host, boot_id HAVING MAX(booted_at_ms) - MIN(booted_at_ms) > ${LARGEST_DRIFT_MS} ORDER BY host`,
  );
  if (!jumped.ok) return jumped;
  const silent = await engine.query(
    `SELECT host, last FROM (SELECT host, MAX(read_at_ms) AS last FROM ${hosts} WHERE ${past} GROUP BY host) AS each_host WHERE last < ${numeric(newest) - scope.sinceMs} ORDER BY last, host`,
  );
  if (!silent.ok) return silent;

  const others =
    namesakes.value.length === 0 ? '' : ` AND host NOT IN (${namesakes.value.map(sqlText).join(', ')})`;
  const inWindow = `${window}${others}`;
  const last = `${inWindow} AND (host, read_at_ms) IN (SELECT host, MAX(read_at_ms) FROM ${hosts} WHERE ${inWindow} GROUP BY host)`;
  const daily = `${inWindow} AND (host, date, read_at_ms) IN (SELECT host, date, MAX(read_at_ms) FROM ${hosts} WHERE ${inWindow} GROUP BY host, date)`;
  const complete = await checkComplete(engine, last);
  if (!complete.ok) return complete;
  const found = await describeHosts(engine, last, scope.where);
  if (!found.ok) return found;
  return succeed({
    ...found.value,
    daily,
    leftOut: [
      ...namesakesLine(namesakes.value),
      ...aheadLine(ahead.value),
      ...jumpedLine(jumped.value),
      ...hostsLine(
        silent.value,
        (one) =>
          `${one ? 'was' : 'were'} read last before ${day(numeric(newest) - scope.sinceMs)}; --since reaches further back`,
      ),
    ],
  });
}

/** Of such a host earlier readings may count: not counted are those from the future. */
function aheadLine(rows: readonly FleetRow[]): string[] {
  if (rows.length === 0) return [];
  const hosts = namedHosts(rows.map(({ host }) => String(host)));
  return [`readings from the future of ${hosts}: set the clock there, or here`];
}

function nothingToRead(ahead: readonly FleetRow[]): string {
  if (ahead.length === 0) return 'the dataset has no readings: thpscope collect makes them';
  return `all readings of the dataset are from the future: is the clock here right? ${String(ahead[0].host)} was read ${day(numeric(ahead[0].last))}`;
}

/** Which reading of such a host is its last is by its clock: the sums may have another one. */
function jumpedLine(rows: readonly FleetRow[]): string[] {
  if (rows.length === 0) return [];
  const hosts = namedHosts(rows.map(({ host }) => String(host)));
  const most = formatDuration(Math.max(...rows.map(({ jump }) => numeric(jump))) * 1e6);
  const clocks = rows.length === 1 ? 'its clock' : 'their clocks';
  return [`maybe the last reading of ${hosts}: ${clocks} jumped by up to ${most} between readings`];
}

/** Hosts of one name: two boots that were read in turn. */
async function findNamesakes(engine: FleetEngine, window: string): Promise<Result<string[]>> {
  const hosts = sqlName('hosts');
  const boots = await engine.query(
    `SELECT host, boot_id, MIN(read_at_ms) AS first, MAX(read_at_ms) AS last FROM ${hosts} WHERE ${window} AND host IN (SELECT host FROM ${hosts} WHERE ${window} GROUP BY host HAVING COUNT(DISTINCT boot_id) > 1) GROUP BY host, boot_id ORDER BY host, first`,
  );
  if (!boots.ok) return boots;
  const names = new Set<string>();
  let before: FleetRow | undefined;
  for (const row of boots.value) {
    if (before && before.host === row.host && numeric(row.first) <= numeric(before.last))
      names.add(String(row.host));
    // Of boots inside of each other the longest matters.
    if (!before || before.host !== row.host || numeric(row.last) > numeric(before.last)) before = row;
  }
  return succeed([...names]);
}

function namesakesLine(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [
    `${namedHosts(names)}: several machines send by this name; give each its own (collect --host NAME)`,
  ];
}

function hostsLine(rows: readonly FleetRow[], what: (isOne: boolean) => string): string[] {
  if (rows.length === 0) return [];
  return [`${namedHosts(rows.map(({ host }) => String(host)))} ${what(rows.length === 1)}`];
}

function namedHosts(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${plural(names.length, 'host')} (${names.slice(0, NAMED).join(', ')}${more})`;
}

/** No reading may be there twice: files of one name cannot, rows that were inserted twice are. */
async function checkOnce(engine: FleetEngine, window: string): Promise<Result<void>> {
  const twice = await engine.query(
    `SELECT host, read_at_ms, COUNT(*) AS times FROM ${sqlName('hosts')} WHERE ${window} GROUP BY host, boot_id, read_at_ms HAVING COUNT(*) > 1 ORDER BY host, read_at_ms`,
  );
  if (!twice.ok) return twice;
  if (twice.value.length === 0) return succeed(undefined);
  const [{ host, read_at_ms, times }] = twice.value;
  const more = twice.value.length > 1 ? `, and ${plural(twice.value.length - 1, 'other')} likewise` : '';
  return fail(
    'unreadable',
    `the reading of ${host} at ${instant(numeric(read_at_ms))} is there ${times} times${more}: remove the copies, they would count twice`,
  );
}

/**
 * Holds the rows that a condition on readings selects to what the readings say: how many they have in each
 * table. Fails where some are missing, or there twice.
 */
export async function checkComplete(engine: FleetEngine, last: string): Promise<Result<void>> {
  const expected = await engine.query(
    `SELECT ${COUNTED_TABLES.map((table) => `SUM(${countColumn(table)}) AS ${countColumn(table)}`).join(', ')} FROM ${sqlName('hosts')} WHERE ${last}`,
  );
  if (!expected.ok) return expected;
  for (const table of COUNTED_TABLES) {
    const counted = await engine.query(`SELECT COUNT(*) AS found FROM ${sqlName(table)} WHERE ${last}`);
    if (!counted.ok) return counted;
    const found = numeric(counted.value[0].found);
    const wanted = numeric(expected.value[0][countColumn(table)]);
    if (found !== wanted)
      return fail(
        'unreadable',
        `table ${table} has ${found} of the ${wanted} rows that the hosts sent: ${found < wanted ? 'a part of the dataset is missing' : 'some are there twice'}; no sum of it would be true`,
      );
  }
  return succeed(undefined);
}

/** A condition that the engine does not understand is whoever asks's to mend. */
async function checkCondition(engine: FleetEngine, where: string | undefined): Promise<Result<void>> {
  if (where === undefined) return succeed(undefined);
  const tried = await engine.query(`SELECT pid FROM ${sqlName('processes')} WHERE 1 = 0 AND (${where})`);
  if (tried.ok) return succeed(undefined);
  const { kind, message } = tried.failure;
  return fail(
    kind === 'unreadable' ? 'usage' : kind,
    `--where ${where}: ${message}; docs/fleet.md lists the columns`,
  );
}

async function describeHosts(
  engine: FleetEngine,
  last: string,
  where: string | undefined,
): Promise<Result<Omit<FleetSurvey, 'leftOut' | 'daily'>>> {
  const hosts = sqlName('hosts');
  const asked = where === undefined ? '' : ` AND (${where})`;
  const members =
    where === undefined
      ? last
      : `${last} AND host IN (SELECT host FROM ${sqlName('processes')} WHERE ${last}${asked})`;
  const kinds = await engine.query(
    `SELECT facts, kernel, page_shift, pmd_order, COUNT(*) AS members, SUM(skipped) AS skipped, MIN(read_at_ms) AS oldest, MAX(read_at_ms) AS newest FROM ${hosts} WHERE ${members} GROUP BY facts, kernel, page_shift, pmd_order ORDER BY members DESC, facts, kernel`,
  );
  if (!kinds.ok) return kinds;
  if (kinds.value.length === 0) return fail('usage', `--where ${where}: no process of the dataset is so`);
  const geometry = commonGeometry(kinds.value);
  if (!geometry.ok) return geometry;
  const described: HostKind[] = [];
  for (const row of kinds.value) {
    const facts = hostFactsOf(String(row.facts));
    if (!facts)
      return fail(
        'unreadable',
        `${plural(numeric(row.members), 'host')} of kernel ${row.kernel}: no thpscope wrote these facts`,
      );
    described.push({ facts, kernel: String(row.kernel), hosts: numeric(row.members) });
  }
  return succeed({
    last: members,
    where: `${last}${asked}`,
    geometry: geometry.value,
    hosts: kinds.value.reduce((sum, row) => sum + numeric(row.members), 0),
    kinds: described,
    oldestMs: Math.min(...kinds.value.map((row) => numeric(row.oldest))),
    newestMs: Math.max(...kinds.value.map((row) => numeric(row.newest))),
    skipped: kinds.value.reduce((sum, row) => sum + numeric(row.skipped), 0),
  });
}

function commonGeometry(kinds: readonly FleetRow[]): Result<Geometry> {
  const hosts = new Map<string, number>();
  for (const { page_shift, pmd_order, members } of kinds) {
    const key = `page_shift = ${page_shift} AND pmd_order = ${pmd_order}`;
    hosts.set(key, (hosts.get(key) ?? 0) + numeric(members));
  }
  const [{ page_shift, pmd_order }] = kinds;
  if (hosts.size === 1) return succeed({ pageShift: numeric(page_shift), pmdOrder: numeric(pmd_order) });
  const list = [...hosts].map(([key, count]) => `${plural(count, 'host')}: "${key}"`).join('; ');
  return fail('usage', `hosts of different page sizes do not add up (${list}): choose by --where`);
}

function numeric(value: FleetRow[string] | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function day(ms: number): string {
  return instant(ms).slice(0, 'YYYY-MM-DD'.length);
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
