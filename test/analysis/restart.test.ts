import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ZEN } from '../support/reach.ts';
import '../support/seed.ts';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { type DigestJson, digestJson, digestOfJson } from '../../src/analysis/digest/digest-json.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import { addMemoryDigest, emptyMemoryDigest, totalDigest } from '../../src/analysis/digest/memory-digest.ts';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import type { RunPolicy } from '../../src/analysis/ranges/verdict.ts';
import { type Geometry, geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { valueOf } from '../support/ranges.ts';
import { runPolicies, streams } from './arbitraries.ts';
import { knownRanges, predictItems, processItem, runPolicyOf, streamOf, vmaItem } from './streams.ts';

function digestOf(items: readonly MemoryItem[], geometry: Geometry, walkAll = false) {
  const collector = new DigestCollector(geometry, ZEN.pages, { walkAll });
  for (const item of items) collector.add(item);
  const host = { kernelRelease: '7.3.4', time: '2026-01-01T00:00:00Z', geometry, settings: undefined };
  return { host, reach: ZEN, processes: collector.finish(), skipped: [], notes: [] };
}

/** Expects the same of a restart from memory, from a digest, and from its file. */
async function expectSame(items: readonly MemoryItem[], geometry: Geometry, runPolicy: RunPolicy) {
  const { total } = await predictMemory(streamOf(items), geometry, runPolicy);
  const digest = digestOf(items, geometry);
  const read = valueOf(digestOfJson(JSON.parse(JSON.stringify(digestJson(digest)))));
  for (const each of [digest, read, digestOf(items, geometry, true)]) {
    const { settings, model } = runPolicy;
    expect(new DigestQuery(totalDigest(each)).restart(settings, model)).toEqual(total.restart);
  }
}

test.each([3, 4, 9, 11])('a restart from a digest is one from memory, at PMD order %i', async (pmdOrder) => {
  const geometry = geometryOfPmdOrder(pmdOrder);
  await fc.assert(
    fc.asyncProperty(
      streams(geometry),
      runPolicies(geometry),
      fc.constantFrom('pmd', 'all'),
      (items, policy, faultOrders) =>
        expectSame(items, geometry, { ...policy, model: { ...policy.model, faultOrders } }),
    ),
    { numRuns: 60 },
  );
});

const programs = 'examples/programs';
test.each([
  'examples/redis.parquet',
  ...readdirSync(programs)
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => `${programs}/${name}`),
])('and so on recorded memory: %s', async (path) => {
  const file = valueOf(await openSnapshotFile(path));
  const items: MemoryItem[] = [];
  for await (const item of file.items()) items.push(item);
  file.close();
  const { geometry } = file.host;
  for (const orders of ['9', '4', '2-9', '2-4', '4,9'])
    for (const word of ['always', 'madvise'] as const)
      await expectSame(items, geometry, runPolicyOf({ orders, word }));
});

const memory = [
  processItem(1),
  // A range inside, and an edge of which the first eight pages are no part.
  vmaItem({ start: 512 * 4096 + 8 * 4096 }),
  knownRanges([{ present: '8-15,100' }, { present: '0-3', swap: '400' }], 512 * 4096),
  vmaItem({ start: 2 ** 31, end: 2 ** 32, flags: ['nh'] }),
  knownRanges([{ present: '0-3' }], 2 ** 31),
];

test('edges get what fits, and MADV_NOHUGEPAGE gets small pages', async () => {
  const all = await predictItems(memory, { orders: '2-9' });
  // 8-15 in order 3; 100 in the block 64-127; the whole second range.
  expect(all.total.restart.pagesByOrder).toEqual([4, 0, 0, 8, 0, 0, 64, 0, 0, 512]);
  expect(all.total.restart.touchedPages).toBe(18);
  const pmd = await predictItems(memory, { orders: '9' });
  expect(pmd.total.restart.pagesByOrder).toEqual([13, 0, 0, 0, 0, 0, 0, 0, 0, 512]);
  const advised = await predictItems(memory, { orders: '2-9', word: 'madvise' });
  expect(advised.total.restart.pagesByOrder[0]).toBe(18);
});

test('a digest of the first version does not know restarts, nor does a sum with one', () => {
  const geometry = geometryOfPmdOrder(9);
  const json = digestJson(digestOf(memory, geometry));
  const first = {
    ...json,
    schema: 'thpscope/digest@1',
    processes: json.processes.map((each) => ({ ...each, restart: undefined })),
  } as DigestJson;
  const old = totalDigest(valueOf(digestOfJson(first)));
  const known = totalDigest(digestOf(memory, geometry));
  const { settings } = runPolicyOf();
  const model = KERNEL_MODELS['linux-7.3'];
  expect(new DigestQuery(known).restart(settings, model)).toBeDefined();
  expect(new DigestQuery(old).restart(settings, model)).toBeUndefined();
  expect(new DigestQuery(old).ask(settings, model)).toEqual(new DigestQuery(known).ask(settings, model));
  for (const parts of [
    [old, known],
    [known, old],
  ]) {
    const sum = emptyMemoryDigest(geometry, ZEN.pages);
    for (const part of parts) addMemoryDigest(sum, part);
    expect(new DigestQuery(sum).restart(settings, model)).toBeUndefined();
  }
});
