import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CacheTable } from '../../../src/analysis/cache/cache-table.ts';
import { predictMemory } from '../../../src/analysis/prediction/prediction.ts';
import { x86_64 } from '../../../src/core/memory/geometry.ts';
import { processItem, streamOf } from '../streams.ts';
import { BUFFERS, PAGES, shmemPolicy, TABLE } from './cached-memory.ts';
import { cacheItem, mappingItem } from './items.ts';

test('a table of the page cache predicts as its items do, again and again', async () => {
  const count = fc.option(fc.integer({ min: 0, max: PAGES }), { nil: undefined });
  const rows = fc.array(fc.integer({ min: 0, max: PAGES }), { minLength: 1, maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(
      rows,
      count,
      count,
      fc.constantFrom(0, 9, undefined),
      async (pages, swap, dirty, order) => {
        const folioOrders = order === undefined ? undefined : new Uint8Array(PAGES).fill(order);
        const facts = { swapPages: swap, dirtyPages: dirty, folioOrders };
        const items = [
          processItem(1),
          mappingItem(BUFFERS),
          mappingItem(TABLE),
          { kind: 'file', file: BUFFERS } as const,
          cacheItem(pages, { ...facts, mappedPages: undefined }),
          { kind: 'file', file: { ...TABLE, unread: 'gone' } } as const,
          { kind: 'file', file: TABLE } as const,
          cacheItem(pages, facts),
        ];
        const table = new CacheTable(x86_64);
        for (const item of items) table.add(item);
        for (const word of ['always', 'never'] as const) {
          const policy = shmemPolicy(word, 'inherit', { maxPtesNone: 200 });
          const { cache } = await predictMemory(streamOf(items), x86_64, policy);
          expect(table.predict(policy)).toEqual(cache);
        }
      },
    ),
    { numRuns: 30 },
  );
});
