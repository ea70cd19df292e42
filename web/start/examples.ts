import redis from '../../examples/redis.parquet?url';

export interface Example {
  readonly id: string;
  readonly title: string;
  readonly what: string;
  readonly url: string;
}

/** Recorded memory that comes with the app. */
export const EXAMPLES: readonly Example[] = [
  {
    id: 'redis',
    title: 'redis-server',
    what: 'lost four keys of five: 66.7M of memory with holes in it, the default max_ptes_none would grow it by 220M',
    url: redis,
  },
];
