import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listDataset } from '../../src/fleet/dataset.ts';
import { openDuckDb } from '../../src/fleet/engines/duckdb.ts';
import { IS_BUILT_HERE } from '../support/built-command.ts';
import { CLICKHOUSE, type ClickHouseCluster, startClickHouseCluster } from '../support/clickhouse.ts';
import { insertReadings, makeFleetTables, readingsBehind } from '../support/fleet-tables.ts';
import { valueOf } from '../support/ranges.ts';
import { thpscope } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-fleet-clickhouse-'));
afterAll(() => rmSync(folder, { recursive: true }));

// The single executable has no DuckDB to be compared with.
describe.skipIf(!CLICKHOUSE || !IS_BUILT_HERE)(
  '--engine clickhouse (scripts/install-clickhouse.sh gets two servers)',
  () => {
    let cluster: ClickHouseCluster;
    let server: string[];

    beforeAll(async () => {
      const made = ['fleet', 'generate', 'examples/services.digest.json', '-o', folder, '--hosts', '4'];
      expect((await thpscope([...made, '--processes', '8', '--seed', '5'])).code).toBe(0);
      cluster = await startClickHouseCluster();
      server = ['--engine', 'clickhouse', '--url', cluster.servers[0].address];
      await makeFleetTables(cluster);
      const duckdb = valueOf(await openDuckDb(valueOf(await listDataset(folder)).files));
      await insertReadings(cluster, await readingsBehind(duckdb));
      await duckdb.close();
    });
    afterAll(() => cluster?.stop());

    test.each([
      [['sweep']],
      [['advise', '--max-growth', '2%', '--by', 'service']],
      [['top', '--by', 'host', '--where', "labels LIKE '%;rack=1;%'"]],
      [['history']],
    ])('%j answers as with DuckDB', async ([command, ...flags]) => {
      const asked = ['fleet', command, ...flags, '--json'];
      const duckdb = await thpscope([...asked, folder]);
      const clickHouse = await thpscope([...asked, ...server]);
      for (const { stderr, code } of [duckdb, clickHouse])
        expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
      // Where it comes from is all that differs.
      const name = `ClickHouse at ${new URL(cluster.servers[0].address).host}`;
      expect(JSON.parse(clickHouse.stdout.replaceAll(name, folder))).toEqual(JSON.parse(duckdb.stdout));
    });

    test('an address is needed, and a folder is not', async () => {
      expect(await thpscope(['fleet', 'sweep', ...server.slice(0, 2)])).toMatchObject({
        stdout: '',
        code: 2,
      });
      expect(await thpscope(['fleet', 'sweep', folder, ...server])).toMatchObject({ stdout: '', code: 2 });
    });

    test('a password is not said', async () => {
      const address = cluster.servers[0].address.replace('//', '//reader:wr0ng@');
      const { stderr, code } = await thpscope(['fleet', 'sweep', '--engine', 'clickhouse', '--url', address]);
      expect(code).toBe(3);
      expect(stderr).toContain('check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD');
      expect(stderr).not.toContain('wr0ng');
    });

    // The last one: it leaves one server.
    test('no answer comes of one shard', async () => {
      await cluster.servers[1].kill();
      const { stdout, stderr, code } = await thpscope(['fleet', 'sweep', ...server]);
      expect(stderr).toContain('a shard is away: without it the sum would be too small');
      expect({ stdout, code }).toEqual({ stdout: '', code: 5 });
    });
  },
);
