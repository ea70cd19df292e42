import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clickHouseEngine } from '../../../src/fleet/engines/clickhouse.ts';
import type { FleetEngine } from '../../../src/fleet/engines/engine.ts';
import { CLICKHOUSE, type ClickHouseCluster, startClickHouseCluster } from '../../support/clickhouse.ts';
import {
  type Answer,
  answerWith,
  cut,
  cutInTheMiddle,
  type FaultyServer,
  silent,
  startFaultyServer,
} from '../../support/faulty-server.ts';

function engineAt(address: string, environment: Record<string, string> = {}, timeout = 60_000): FleetEngine {
  const engine = clickHouseEngine(address, environment, { fetch, timeout });
  if (!engine.ok) throw new Error(engine.failure.message);
  return engine.value;
}

/** What a query says that fails. */
async function failureOf(engine: FleetEngine, sql: string): Promise<string> {
  const rows = await engine.query(sql);
  return rows.ok ? JSON.stringify(rows.value) : `${rows.failure.kind}: ${rows.failure.message}`;
}

describe.skipIf(!CLICKHOUSE)('two servers of ClickHouse (scripts/install-clickhouse.sh gets them)', () => {
  let cluster: ClickHouseCluster;
  let one: string;

  beforeAll(async () => {
    cluster = await startClickHouseCluster();
    one = cluster.servers[0].address;
    for (const [i, server] of cluster.servers.entries()) {
      await server.run('CREATE TABLE local (host String, c Int64) ENGINE = MergeTree ORDER BY host');
      await server.run('CREATE TABLE fleet AS local ENGINE = Distributed(fleet, default, local, rand())');
      // In parts: a query that ends early ends between blocks.
      for (let first = 0; first < 1000; first += 100) {
        const rows = Array.from({ length: 100 }, (_, j) => `h${j % 5}\\\\x2d${i}\t${first + j}\n`);
        await server.run('INSERT INTO local FORMAT TabSeparated', rows.join(''));
      }
    }
  });
  afterAll(() => cluster?.stop());

  test('both shards are in the sum, and standard SQL is understood', async () => {
    const sql = String.raw`SELECT host, SUM(c) AS c FROM fleet WHERE host IN ('h0\x2d0', 'h0\x2d1', 'it''s')
      GROUP BY host ORDER BY host -- the end`;
    expect(await engineAt(one).query(sql)).toEqual({
      ok: true,
      value: [
        { host: String.raw`h0\x2d0`, c: 99500 },
        { host: String.raw`h0\x2d1`, c: 99500 },
      ],
    });
  });

  test('a subquery sees both shards, too', async () => {
    const sql = 'SELECT COUNT(*) AS n FROM fleet WHERE host IN (SELECT host FROM fleet WHERE c = 999)';
    expect(await engineAt(one).query(sql)).toEqual({ ok: true, value: [{ n: 400 }] });
  });

  test('a statement may be long', async () => {
    const hosts = Array.from({ length: 60_000 }, (_, i) => `'h${i}\\x2d0'`).join(', ');
    const sql = `SELECT COUNT(*) AS n FROM fleet WHERE host IN (${hosts})`;
    expect(sql.length).toBeGreaterThan(262_144);
    expect(await engineAt(one).query(sql)).toEqual({ ok: true, value: [{ n: 1000 }] });
  });

  test('integers are exact or fail', async () => {
    const sum = (factor: string) =>
      engineAt(one).query(`SELECT MAX(c) * ${factor} + 1 AS n FROM fleet WHERE c = 1`);
    expect(await sum('9007199254740990')).toEqual({ ok: true, value: [{ n: Number.MAX_SAFE_INTEGER }] });
    expect(await sum('9007199254740991')).toMatchObject({ ok: false, failure: { kind: 'unsupported' } });
  });

  test('user and password come from the address or the environment, and are not said', async () => {
    const withUser = one.replace('//', '//reader:s%3Aecret@');
    const good = { ok: true, value: [{ n: 2000 }] };
    const sql = 'SELECT COUNT(*) AS n FROM fleet';
    expect(await engineAt(withUser).query(sql)).toEqual(good);
    const environment = { CLICKHOUSE_USER: 'reader', CLICKHOUSE_PASSWORD: 's:ecret' };
    expect(await engineAt(one, environment).query(sql)).toEqual(good);
    const wrong = await failureOf(engineAt(one.replace('//', '//reader:s3kret@')), sql);
    expect(wrong).toMatch(
      /^permission: ClickHouse at 127\.0\.0\.1:\d+: Wrong password for user reader \(code 193\); check/,
    );
    expect(wrong).not.toContain('s3kret');
  });

  test('a profile that ends queries early makes no smaller sum', async () => {
    const hasty = one.replace('//', '//hasty@');
    // What the profile does without the engine.
    const partial = await fetch(`${one}/?user=hasty&query=SELECT+COUNT(*)+FROM+fleet`);
    expect(Number(await partial.text())).toBeLessThan(2000);
    const failure = await failureOf(engineAt(hasty), 'SELECT SUM(c) AS n FROM fleet');
    expect(failure).toMatch(/^unreadable: .*Limit for rows.*exceeded/);
  });

  test('a user who may change no setting is told what to do', async () => {
    expect(await failureOf(engineAt(one.replace('//', '//bound@')), 'SELECT 1 AS a')).toMatch(
      /^permission: .* let the user change settings: readonly = 2 in its profile$/,
    );
  });

  test.each([
    ['SELEC 1', /^usage: ClickHouse at [\d.:]+: Syntax error: .*\(code 62\); check --where$/],
    [
      'SELECT a FROM nowhere',
      /^usage: .*nowhere doesn't exist.*\(code 60\); create the tables, or name their database/,
    ],
    ['SELECT a FROM fleet', /^usage: .*Unknown identifier: a \(code 47\); check the columns/],
    ['SELECT throwIf(c = 999) AS a FROM fleet', /^unreadable: .*\(code 395\)$/],
  ])('%s fails by name', async (sql, message) => {
    expect(await failureOf(engineAt(one), sql)).toMatch(message);
  });

  test('a database that is not there', async () => {
    expect(await failureOf(engineAt(`${one}/?database=other`), 'SELECT 1 AS a')).toMatch(
      /^usage: .*other.*\(code 81\)/,
    );
  });

  // The last one: it leaves one server.
  test('a shard that dies in the middle, or before, is an error and no smaller sum', async () => {
    // A row takes 10 ms: seconds on each shard.
    const slow = engineAt(one).query(
      'SELECT COUNT(*) AS n, SUM(sleepEachRow(0.01)) AS s FROM fleet WHERE c < 500',
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    await cluster.servers[1].kill();
    expect(await slow).toMatchObject({ ok: false, failure: { kind: 'unreadable' } });
    expect(await failureOf(engineAt(one), 'SELECT COUNT(*) AS n FROM fleet')).toMatch(
      /^unreadable: .*; a shard is away: without it the sum would be too small$/,
    );
    // The address may not undo that.
    const lax = engineAt(`${one}/?skip_unavailable_shards=1`);
    expect(await lax.query('SELECT COUNT(*) AS n FROM fleet')).toMatchObject({ ok: false });
  });
});

describe('a server that fails', () => {
  let server: FaultyServer;
  beforeAll(async () => {
    server = await startFaultyServer();
  });
  afterAll(() => server.stop());

  test.each<[string, Answer, string]>([
    [
      'cuts the connection',
      cut,
      'cannot be reached or broke off (UND_ERR_SOCKET); check the address and the server',
    ],
    [
      'breaks off',
      cutInTheMiddle,
      'cannot be reached or broke off (UND_ERR_SOCKET); check the address and the server',
    ],
    [
      'is another server',
      answerWith(404, 'Not found'),
      'answered with status 404 as ClickHouse does not; check the address',
    ],
    [
      'redirects',
      answerWith(302, '', { location: '/login' }),
      'cannot be reached or broke off (unexpected redirect); check the address and the server',
    ],
    [
      'fails in the middle',
      answerWith(
        200,
        '{"meta":[],"data":[["1"]Code: 241, e.displayText() = DB::Exception: Memory limit, e.what() = x',
      ),
      'the query failed in its middle: Memory limit (code 241)',
    ],
  ])('one that %s', async (_, answer, message) => {
    server.answers = [answer];
    const said = await failureOf(engineAt(server.address), 'SELECT 1');
    expect(said).toBe(`unreadable: ClickHouse at ${server.address.slice('http://'.length)}: ${message}`);
  });

  test('one that never answers', async () => {
    server.answers = [silent];
    const said = await failureOf(engineAt(server.address, {}, 20), 'SELECT 1');
    expect(said).toContain('no answer within 0.02 s');
  });
});

test.each([
  ['http://a%zz:p%C3%BC%3A%@HOST', 'a%zz:pü:%'],
  ['http://HOST/?database=x', 'me:word'],
])('%s sends %s, and is named without it', async (address, sent) => {
  const server = await startFaultyServer();
  let authorization = '';
  server.answers = [
    ({ headers }, _, response) => {
      authorization = headers.authorization ?? '';
      response.writeHead(500).end();
    },
  ];
  const environment = { CLICKHOUSE_USER: 'me', CLICKHOUSE_PASSWORD: 'word' };
  const engine = engineAt(address.replace('HOST', server.address.slice('http://'.length)), environment);
  await engine.query('SELECT 1');
  expect(Buffer.from(authorization.slice('Basic '.length), 'base64').toString()).toBe(sent);
  expect(engine.name).toMatch(/^ClickHouse at 127\.0\.0\.1:\d+(, database x)?$/);
  await server.stop();
});

test.each(['', 'localhost:8123', 'tcp://localhost:9000'])('the address %j is none', (address) => {
  expect(clickHouseEngine(address, {}, { fetch, timeout: 1 })).toMatchObject({
    ok: false,
    failure: { kind: 'usage' },
  });
});
