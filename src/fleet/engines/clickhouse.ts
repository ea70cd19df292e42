import { type FailureKind, fail, type Result, succeed } from '../../core/base/failure.ts';
import { clickHouseError, readClickHouseAnswer } from './clickhouse-answer.ts';
import { clickHouseText } from './clickhouse-text.ts';
import type { FleetEngine, FleetRow } from './engine.ts';

/** How a server is asked. */
export interface ClickHouseRequests {
  readonly fetch: typeof fetch;
  /** How long a query may take, in milliseconds. */
  readonly timeout: number;
}

/**
 * Settings under which ClickHouse answers what is asked, with all rows or an error, whatever the profile of
 * the user says: profiles may end a query early and call what there is the answer.
 */
const WHOLE_ANSWERS = {
  skip_unavailable_shards: 0,
  fallback_to_stale_replicas_for_distributed_queries: 0,
  read_overflow_mode: 'throw',
  group_by_overflow_mode: 'throw',
  sort_overflow_mode: 'throw',
  result_overflow_mode: 'throw',
  distinct_overflow_mode: 'throw',
  set_overflow_mode: 'throw',
  join_overflow_mode: 'throw',
  transfer_overflow_mode: 'throw',
  timeout_overflow_mode: 'throw',
  // A subquery of a Distributed table sees all shards.
  distributed_product_mode: 'global',
  // The status waits for the end of the query, where the server has room to keep the answer.
  wait_end_of_query: 1,
  // Statements may name thousands of states of ranges.
  max_query_size: 2 ** 28,
  max_ast_elements: 2 ** 24,
  max_expanded_ast_elements: 2 ** 24,
  default_format: 'JSONCompact',
  output_format_json_quote_64bit_integers: 1,
};

/**
 * ClickHouse over HTTP, from 18.16 on. The address may name a user, a database (`?database=fleet`) and more
 * settings; user and password else come from CLICKHOUSE_USER and CLICKHOUSE_PASSWORD. Neither is part of a
 * message.
 */
export function clickHouseEngine(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
  requests: ClickHouseRequests,
): Result<FleetEngine> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    return fail('usage', 'the address of ClickHouse is none; write http://HOST:8123 or https://HOST:8443');
  const user = unescaped(url.username) || environment.CLICKHOUSE_USER || 'default';
  const password = unescaped(url.password) || environment.CLICKHOUSE_PASSWORD || '';
  url.username = '';
  url.password = '';
  for (const [name, value] of Object.entries(WHOLE_ANSWERS)) url.searchParams.set(name, String(value));
  url.searchParams.set('max_execution_time', String(Math.ceil(requests.timeout / 1000)));
  const database = url.searchParams.get('database');
  const name = `ClickHouse at ${url.host}${database === null ? '' : `, database ${database}`}`;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return succeed({
    name,
    query: (sql) => ask(name, url, authorization, sql, requests),
    close: async () => {},
  });
}

/** A user or password out of an address; a % that escapes nothing is one. */
function unescaped(text: string): string {
  return text.replace(/%[0-9a-f]{2}(?:%[89ab][0-9a-f])*/gi, (escape) =>
    Buffer.from(escape.replaceAll('%', ''), 'hex').toString(),
  );
}

async function ask(
  name: string,
  url: URL,
  authorization: string,
  sql: string,
  { fetch, timeout }: ClickHouseRequests,
): Promise<Result<readonly FleetRow[]>> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: clickHouseText(sql),
      headers: { authorization },
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    const { cause, name: kind } = error as { cause?: { code?: string; message?: string }; name: string };
    if (kind === 'TimeoutError')
      return fail('unreadable', `${name}: no answer within ${timeout / 1000} s; ask for fewer days`);
    const why = cause?.code ?? cause?.message ?? kind;
    return fail(
      'unreadable',
      `${name}: cannot be reached or broke off (${why}); check the address and the server`,
    );
  }
  if (status !== 200) return refused(name, status, text);
  const rows = readClickHouseAnswer(text);
  return rows.ok ? rows : fail(rows.failure.kind, `${name}: ${rows.failure.message}`);
}

/** Codes of errors that say more than that a query failed: what to do about them. */
const ADVICE: Readonly<Record<string, readonly [FailureKind, string]>> = {
  47: ['usage', 'check the columns that --where names'],
  60: ['usage', 'create the tables, or name their database: http://HOST:8123/?database=NAME'],
  62: ['usage', 'check --where'],
  81: ['usage', 'name a database that there is: http://HOST:8123/?database=NAME'],
  164: ['permission', 'let the user change settings: readonly = 2 in its profile'],
  192: ['permission', 'check CLICKHOUSE_USER'],
  193: ['permission', 'check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD'],
  194: ['permission', 'set CLICKHOUSE_PASSWORD'],
  210: ['unreadable', 'a shard is away: without it the sum would be too small'],
  279: ['unreadable', 'a shard is away: without it the sum would be too small'],
  497: ['permission', 'grant the user SELECT on the tables'],
  516: ['permission', 'check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD'],
};

function refused(name: string, status: number, text: string): Result<never> {
  const error = clickHouseError(text);
  if (error === undefined)
    return fail(
      'unreadable',
      `${name}: answered with status ${status} as ClickHouse does not; check the address`,
    );
  const [, code = ''] = /\(code (\d+)\)$/.exec(error) ?? [];
  const [kind, advice] = ADVICE[code] ?? ['unreadable', undefined];
  return fail(kind, `${name}: ${error}${advice ? `; ${advice}` : ''}`);
}
