import { asOrder, orderSet } from '../../src/core/memory/order.ts';

/** The settings that an untouched kernel has for all memory. */
export const DEFAULT_POLICY = { always: orderSet([asOrder(9)]), maxPtesNone: 511 } as const;

/** Memory of examples/redis.parquet, in MiB, as test/web/start.test.ts finds it in the recording. */
export const REDIS_STORY = [
  { title: 'now', parts: [{ kind: 'small', megabytes: 66.7 }], says: '66.7M, in small pages' },
  {
    title: 'kernel default: 2M, max_ptes_none 511',
    parts: [
      { kind: 'small', megabytes: 1 },
      { kind: 'huge', megabytes: 65.6 },
      { kind: 'filled', megabytes: 220 },
    ],
    says: '+220M: 98.4% of what was in use is in huge pages',
  },
  {
    title: 'Linux 7.2, all sizes, max_ptes_none 0',
    parts: [
      { kind: 'small', megabytes: 46.7 },
      { kind: 'huge', megabytes: 19.9 },
    ],
    says: '+0B: 29.9% is in huge pages',
  },
] as const;
