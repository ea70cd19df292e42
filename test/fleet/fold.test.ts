import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import {
  addMemoryDigest,
  emptyMemoryDigest,
  type MemoryDigest,
  totalDigest,
} from '../../src/analysis/digest/memory-digest.ts';
import { policyWorthOf } from '../../src/analysis/digest/policy-worth.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { parseOrders } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { defaultSettings, withOrdersAlways } from '../../src/core/rules/thp-settings.ts';
import { openDuckDb } from '../../src/fleet/engines/duckdb.ts';
import type { FleetEngine } from '../../src/fleet/engines/engine.ts';
import { fold } from '../../src/fleet/fold.ts';
import { growthBy } from '../../src/fleet/growth.ts';
import { type Reading, readingName, readingRows } from '../../src/fleet/reading.ts';
import { tableFile } from '../../src/fleet/table-file.ts';
import { byTable, FLEET_TABLES } from '../../src/fleet/tables.ts';
import { comparableDigest } from '../support/comparable-digest.ts';
import { valueOf } from '../support/ranges.ts';
import { digestOfSnapshot } from '../support/snapshot-digest.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-fold-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RECORDINGS = ['gcc', 'java', 'node', 'postgresql', 'python'];

let readings: Reading[];
let engine: FleetEngine;

beforeAll(async () => {
  readings = await Promise.all(
    RECORDINGS.map(async (name, at) => ({
      digest: await digestOfSnapshot(resolve('examples/programs', `${name}.parquet`)),
      host: `host${at}`,
      labels: [],
      hashNames: false,
      machine: { totalBytes: undefined, availableBytes: undefined, bootedAtMs: undefined },
    })),
  );
  const files = byTable((): string[] => []);
  for (const reading of readings) {
    const rows = readingRows(reading);
    for (const { name } of FLEET_TABLES) {
      const path = join(folder, name, `${readingName(reading)}.parquet`);
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(path, tableFile(name, rows[name]));
      files[name].push(path);
    }
  }
  engine = valueOf(await openDuckDb(files));
});
afterAll(() => engine.close());

describe('DuckDB adds digests up', () => {
  test('all of them, as addMemoryDigest does', async () => {
    const [{ digest }] = readings;
    const { geometry } = digest.host;
    const folded = valueOf(
      await fold(
        engine,
        { by: [], where: '1 = 1' },
        { geometry, reachPages: digest.reach.pages, sameReach: true },
      ),
    );
    const sum = emptyMemoryDigest(geometry, digest.reach.pages);
    for (const each of readings) addMemoryDigest(sum, totalDigest(each.digest));
    expect(folded).toHaveLength(1);
    expect(comparableDigest(folded[0].memory)).toEqual(comparableDigest(sum));
  });

  test('by host and command', async () => {
    const [{ digest }] = readings;
    const { geometry } = digest.host;
    const folded = valueOf(
      await fold(
        engine,
        { by: ['host', 'command'], where: '1 = 1' },
        { geometry, reachPages: digest.reach.pages, sameReach: true },
      ),
    );
    const expected = new Map<string, MemoryDigest>();
    for (const { digest: each, host } of readings)
      for (const { process, memory } of each.processes) {
        const key = `${host} ${process.command}`;
        const sum = expected.get(key) ?? emptyMemoryDigest(geometry, digest.reach.pages);
        addMemoryDigest(sum, memory);
        expected.set(key, sum);
      }
    expect(new Map(folded.map(({ key, memory }) => [key.join(' '), comparableDigest(memory)]))).toEqual(
      new Map([...expected].map(([key, memory]) => [key, comparableDigest(memory)])),
    );
  });
});

describe('growth by host', () => {
  const geometry = geometryOfPmdOrder(9);
  const settings = (orders: string, maxPtesNone: number) => ({
    ...withOrdersAlways(defaultSettings(geometry), valueOf(parseOrders(orders, geometry))),
    enabled: 'always' as const,
    maxPtesNone,
  });
  test.each([
    ['2M', 511],
    ['2M', 300],
    ['64K', 511],
    ['16K,64K,2M', 400],
    ['all', 0],
  ])('is what the digests of the hosts say: %s, max_ptes_none %i', async (orders, maxPtesNone) => {
    const model = KERNEL_MODELS['linux-7.3'];
    const asked = settings(orders, maxPtesNone);
    for (const when of ['now', 'restart'] as const) {
      const grown = valueOf(
        await growthBy(engine, { settings: asked, model, geometry, when, where: '1 = 1' }, ['host']),
      );
      const expected = readings.map(({ digest, host }) => {
        const worth = policyWorthOf(new DigestQuery(totalDigest(digest)), asked, model);
        return [host, when === 'now' ? worth.growthPages : worth.restart?.growthPages];
      });
      expect(Object.fromEntries(grown.map(({ key, pages }) => [key[0], pages]))).toEqual(
        Object.fromEntries(expected.filter(([, pages]) => pages !== 0)),
      );
    }
  });
});
