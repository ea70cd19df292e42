import { expect, test } from 'vitest';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import type { ProcessDigest } from '../../src/analysis/digest/memory-digest.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { knownRanges, predictItems, processItem, runPolicyOf, vmaItem } from './streams.ts';

const geometry = geometryOfPmdOrder(9);
const ALWAYS = runPolicyOf({ orders: '9', word: 'always' }).settings;
const MADVISE = runPolicyOf({ orders: '9', word: 'madvise' }).settings;
const FILL = { orders: 'all', maxPtesNone: 511 };

function digested(items: readonly MemoryItem[], settings: typeof ALWAYS | undefined): ProcessDigest {
  const collector = new DigestCollector(geometry, 1, { surroundings: { kernelRelease: '6.18.3', settings } });
  for (const item of items) collector.add(item);
  return collector.finish()[0];
}

/** A process of half-used ranges in a VMA with these flags and this word of smaps. */
function process(flags: string[], thpEligible: boolean | undefined): MemoryItem[] {
  return [
    processItem(1),
    vmaItem({ flags, thpEligible, rssBytes: 2 ** 20 }),
    knownRanges([{ present: '0-255' }]),
  ];
}

test('memory that smaps says prctl denies is refused under every policy, as predict says', async () => {
  const items = process([], false);
  const { memory } = digested(items, ALWAYS);
  expect([...memory.refused]).toEqual([['smaps', { ranges: 1, pages: 256 }]]);
  const surroundings = { kernelRelease: '6.18.3', settings: ALWAYS };
  const { total } = await predictItems(items, FILL, { surroundings });
  expect([...total.refused]).toEqual([...memory.refused]);
  expect([...digested(process(['hg'], false), ALWAYS).memory.refused]).toEqual([]);
  expect([...digested(process([], true), ALWAYS).memory.refused]).toEqual([]);
  expect([...digested(process([], undefined), ALWAYS).memory.refused]).toEqual([]);
});

test('where the settings in force allow nothing, its word is counted as unchecked', () => {
  expect(digested(process([], false), MADVISE).memory).toMatchObject({ uncheckedPages: 256 });
  expect(digested(process([], true), MADVISE).memory).toMatchObject({ uncheckedPages: 0 });
});

test('who is registered is known where the settings in force are', () => {
  expect(digested(process(['hg'], true), MADVISE).isRegistered).toBe(true);
  expect(digested(process([], false), MADVISE).isRegistered).toBe(false);
  expect(digested(process([], true), undefined).isRegistered).toBeUndefined();
});

test('of no machine nothing of this is known', () => {
  const collector = new DigestCollector(geometry, 1);
  for (const item of process([], false)) collector.add(item);
  const [{ memory, isRegistered }] = collector.finish();
  expect(isRegistered).toBeUndefined();
  expect(memory.uncheckedPages).toBeUndefined();
  expect(memory.refused.size).toBe(0);
});
