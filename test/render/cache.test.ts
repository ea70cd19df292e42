import { expect, test } from 'vitest';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import type { CachedFile } from '../../src/core/rules/page-cache.ts';
import { styleOf } from '../../src/render/text/layout/style.ts';
import { cacheLines } from '../../src/render/text/predict/cache.ts';
import { cacheItem, mappingItem } from '../analysis/cache/items.ts';
import { processItem, runPolicyOf, streamOf } from '../analysis/streams.ts';

const RANGE = rangeBytes(x86_64);
const BUFFERS: CachedFile = {
  id: '0:1:5',
  kind: 'shared-anonymous',
  name: '/dev/zero (deleted)',
  bytes: 4 * RANGE,
};
const LIBRARY: CachedFile = {
  id: '8:1:9',
  kind: 'file',
  name: '/lib/big',
  filesystem: 'vfat',
  bytes: 4 * RANGE,
};

test('the page cache is told kind by kind, with its files, what governs them and why some stay', async () => {
  const items = [
    processItem(1, { command: 'postgres' }),
    mappingItem(BUFFERS, { flags: ['hg'] }),
    mappingItem(LIBRARY, { start: 16 * RANGE, end: 20 * RANGE }),
    processItem(2, { command: 'postgres' }),
    mappingItem(BUFFERS),
    processItem(3, { command: 'walwriter' }),
    mappingItem(BUFFERS),
    { kind: 'file', file: BUFFERS } as const,
    cacheItem([512, 256, 100]),
    { kind: 'file', file: LIBRARY } as const,
    cacheItem([256], { folioOrders: undefined }),
    { kind: 'file', file: { ...LIBRARY, id: '8:1:10', unread: 'map_files needs root' } } as const,
  ];
  const shmem = { enabled: 'advise', sizes: new Map([[asOrder(9), 'inherit' as const]]) } as const;
  const runPolicy = { ...runPolicyOf({ maxPtesNone: 256 }), shmem };
  const { cache } = await predictMemory(streamOf(items), x86_64, runPolicy);
  expect(cache && cacheLines(cache, styleOf(false)).join('\n')).toMatchInlineSnapshot(`
    "page cache: each file counts once, whoever maps it, and apart from the RSS above

    shared anonymous memory and memfd: 1 file in 3 whole PMD ranges
      in memory     3.39M, 0B of it huge now
      governed by   hugepages-2048kB/shmem_enabled inherit, shmem_enabled advise
      khugepaged    2 collapses to 2M: 3M more of it becomes huge; the page cache grows by 1M
      RSS           of all that map it falls by 3M, until they touch it again
      restart       not counted above: made anew under these settings, page faults make it huge at once
      unchanged     400K in 1 range: more than max_ptes_none of its pages are not in memory

    files on disks: 1 file in 1 whole PMD range
      in memory     1M, 0B of it huge now
      governed by   enabled always
      khugepaged    collapses none of it
      unchanged     1M in 1 range: its filesystem does not take folios of the PMD size

    IN MEMORY  HUGE NOW  HUGE THEN  GROWTH  MAPPED BY                              FILE
        3.39M        0B         3M     +1M  postgres (1), postgres (2) and 1 more  /dev/zero (deleted)
           1M        0B         0B      0B  postgres (1)                           /lib/big

    assumed of the page cache, because it cannot be seen:
      a process that maps it is on khugepaged's list: one that started under other settings may not be

    not known: what becomes of 1 file in the page cache, of which 0B is in RSS: map_files needs root
    "
  `);
});
