import { expect, test } from 'vitest';
import { growthOf, hugeInUse } from '../../src/analysis/ranges/tally.ts';
import { sum } from '../../src/core/base/sum.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { anonOrders, NO_ORDERS } from '../../src/core/memory/order.ts';
import { firstChoice } from '../../web/policy/choice.ts';
import { EXAMPLES } from '../../web/start/examples.ts';
import { DEFAULT_POLICY, REDIS_STORY } from '../../web/start/redis-figures.ts';
import { readKnown } from './library.ts';

test.each(EXAMPLES)('$id: the start page says what is recorded', async (example) => {
  const known = await readKnown(example.url.replace(/^\//, ''));
  const { geometry, kernelRelease, time } = known.host;
  const { total, processes } = await known.predict(firstChoice({ ...known.host, settings: undefined }));
  expect(example).toMatchObject({
    processes: processes.length,
    inUse: formatSize(total.residentPages, geometry),
    growth: formatSize(growthOf(total), geometry),
    kernel: kernelRelease,
    date: time.slice(0, 10),
  });
});

test('the bars of the story are as long as the recording has memory', async () => {
  const { host, predict } = await readKnown('examples/redis.parquet');
  const first = firstChoice(host);
  const policies = [
    first,
    { ...first, ...DEFAULT_POLICY, madvise: NO_ORDERS },
    {
      ...first,
      model: 'linux-7.2' as const,
      always: anonOrders(host.geometry),
      madvise: NO_ORDERS,
      maxPtesNone: 0,
    },
  ];
  const megabytes = (pages: number) => pages * 2 ** (host.geometry.pageShift - 20);
  for (const [i, policy] of policies.entries()) {
    const { total } = await predict(policy);
    const huge = megabytes(hugeInUse(total).after);
    const found = {
      small: megabytes(total.residentPages) - huge,
      huge,
      filled: megabytes(growthOf(total)),
    };
    for (const { kind, megabytes } of REDIS_STORY[i].parts)
      expect(
        Math.abs(megabytes - found[kind]),
        `${REDIS_STORY[i].title}: ${kind} ${found[kind]}`,
      ).toBeLessThan(0.51);
    expect(sum(REDIS_STORY[i].parts.map((part) => part.megabytes))).toBeCloseTo(sum(Object.values(found)), 0);
  }
});
