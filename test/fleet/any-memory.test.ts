import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { memoryDigestJson } from '../../src/analysis/digest/digest-json.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import {
  addMemoryDigest,
  emptyMemoryDigest,
  type MemoryDigest,
  totalDigest,
} from '../../src/analysis/digest/memory-digest.ts';
import { policyWorthOf } from '../../src/analysis/digest/policy-worth.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { anonOrders, asOrderSet } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultSettings, withOrdersAlways } from '../../src/core/rules/thp-settings.ts';
import { listDataset } from '../../src/fleet/dataset.ts';
import { openDuckDb } from '../../src/fleet/engines/duckdb.ts';
import { fold } from '../../src/fleet/fold.ts';
import { growthBy } from '../../src/fleet/growth.ts';
import type { Reading } from '../../src/fleet/reading.ts';
import { streams } from '../analysis/arbitraries.ts';
import { knownRanges, processItem, vmaItem } from '../analysis/streams.ts';
import { madeReading, storeReadings } from '../support/made-reading.ts';
import { valueOf } from '../support/ranges.ts';
import { ZEN } from '../support/reach.ts';
import '../support/seed.ts';

const all = mkdtempSync(join(tmpdir(), 'thpscope-any-'));
afterAll(() => rmSync(all, { recursive: true }));

const geometry = geometryOfPmdOrder(9);
const model = KERNEL_MODELS['linux-7.3'];

/** A host with the memory of a stream of items. */
function readingOf(name: string, items: readonly MemoryItem[]): Reading {
  const collector = new DigestCollector(geometry, ZEN.pages);
  for (const item of items) collector.add(item);
  const made = madeReading({ host: name, time: '2026-11-27T09:00:00.000Z', geometry });
  return { ...made, digest: { ...made.digest, reach: ZEN, processes: collector.finish() } };
}

/** What decides, without an order of what has none. */
function comparable(memory: MemoryDigest) {
  const { unadvised, hugepage, refused, assumed, ...rest } = memoryDigestJson(memory);
  const sorted = (list: readonly unknown[] = []) => list.map((each) => JSON.stringify(each)).sort();
  const unordered = (each: typeof unadvised) =>
    each && {
      rows: sorted(each.rows),
      folios: sorted(each.folios),
      any: each.any,
      blocked: [sorted(each.blocked?.rows), sorted(each.blocked?.any)],
      apart: sorted(each.apart),
    };
  return {
    ...rest,
    assumed: [...assumed].sort(),
    refused: new Map(Object.entries(refused)),
    unadvised: unordered(unadvised),
    hugepage: unordered(hugepage),
  };
}

/** Holds what the engine answers about hosts to what their digests say. */
async function expectSums(
  hosts: readonly (readonly MemoryItem[])[],
  orders: number,
  maxPtesNone: number,
): Promise<void> {
  const folder = mkdtempSync(join(all, 'hosts-'));
  const readings = hosts.map((items, at) => readingOf(`h${at}`, items));
  storeReadings(folder, readings);
  const engine = valueOf(await openDuckDb(valueOf(await listDataset(folder)).files));
  const shape = { geometry, reachPages: ZEN.pages, sameReach: true };
  const folded = valueOf(await fold(engine, { by: [], where: '1 = 1' }, shape));
  const sum = emptyMemoryDigest(geometry, ZEN.pages);
  for (const { digest } of readings) addMemoryDigest(sum, totalDigest(digest));
  const memory = folded[0]?.memory ?? emptyMemoryDigest(geometry, ZEN.pages);
  expect(comparable(memory)).toEqual(comparable(sum));

  const sizes = asOrderSet(orders & anonOrders(geometry));
  const settings = { ...withOrdersAlways(defaultSettings(geometry), sizes), maxPtesNone };
  for (const when of ['now', 'restart'] as const) {
    const question = { settings, model, geometry, when, where: '1 = 1' };
    const grown = valueOf(await growthBy(engine, question, ['host']));
    const expected = readings.map(({ host, digest }) => {
      const worth = policyWorthOf(new DigestQuery(totalDigest(digest)), settings, model);
      return [host, when === 'now' ? worth.growthPages : (worth.restart?.growthPages ?? 0)] as const;
    });
    expect(new Map(grown.map(({ key, pages }) => [key[0], pages]))).toEqual(
      new Map(expected.filter(([, pages]) => pages !== 0)),
    );
  }
  await engine.close();
}

test('the engine adds any memory up to what the digests say, and growth to what they grow by', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(streams(geometry), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 0, max: anonOrders(geometry) }),
      fc.constantFrom(0, 100, 500, 511),
      expectSums,
    ),
    { numRuns: 20, endOnFailure: true },
  );
}, 120_000);

// Random memory seldom has ranges that only lack nothing but sharing: forked servers have little else.
const FORKED = [
  { present: '0-511', shared: '0-511' },
  { present: '0-99', shared: '0-99' },
  { present: '0-300', shared: '0-63' },
  { present: '0-300,400-411', shared: '64-127' },
  { present: '0-400', swap: '401-410' },
];

test.each([
  [2 ** 4, 511],
  [2 ** 9, 511],
  [2 ** 9, 200],
  [2 ** 9 + 2 ** 5, 511],
  [2 ** 3 + 2 ** 6, 0],
])('so it does of a server that has forked: orders %i, max_ptes_none %i', async (orders, maxPtesNone) => {
  const forked = [processItem(1), vmaItem(), knownRanges(FORKED)];
  await expectSums([forked, [...forked, ...forked.slice(1)]], orders, maxPtesNone);
});
