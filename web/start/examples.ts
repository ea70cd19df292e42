import after from '../../examples/pair/after.parquet?url';
import before from '../../examples/pair/before.parquet?url';
import gcc from '../../examples/programs/gcc.parquet?url';
import java from '../../examples/programs/java.parquet?url';
import node from '../../examples/programs/node.parquet?url';
import postgresql from '../../examples/programs/postgresql.parquet?url';
import python from '../../examples/programs/python.parquet?url';
import redis from '../../examples/redis.parquet?url';

/** Recorded memory that comes with the app; test/web/start.test.ts holds the facts to the recordings. */
export interface Example {
  readonly id: string;
  readonly title: string;
  readonly what: string;
  readonly processes: number;
  /** Memory in use, and what khugepaged of that kernel fills more under the kernel's default settings. */
  readonly inUse: string;
  readonly growth: string;
  readonly kernel: string;
  readonly date: string;
  readonly url: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    id: 'redis',
    title: 'redis-server',
    what: 'a cache that lost four keys of five: pages apart from each other',
    processes: 1,
    inUse: '66.7M',
    growth: '220M',
    kernel: '6.18.44',
    date: '2026-11-22',
    url: redis,
  },
  {
    id: 'gcc',
    title: 'gcc',
    what: 'a compiler at work: a large heap in one piece',
    processes: 2,
    inUse: '76.5M',
    growth: '2.11M',
    kernel: '6.18.44',
    date: '2026-11-23',
    url: gcc,
  },
  {
    id: 'java',
    title: 'java',
    what: 'a JVM: a large heap in one piece',
    processes: 1,
    inUse: '97.6M',
    growth: '3.59M',
    kernel: '6.18.44',
    date: '2026-11-23',
    url: java,
  },
  {
    id: 'node',
    title: 'node',
    what: 'a heap in pieces of 256K, most of which khugepaged does not look at',
    processes: 1,
    inUse: '224M',
    growth: '24K',
    kernel: '6.18.44',
    date: '2026-11-23',
    url: node,
  },
  {
    id: 'postgresql',
    title: 'postgres',
    what: 'the sessions of a server, and the array of one of them',
    processes: 8,
    inUse: '24.5M',
    growth: '0B',
    kernel: '6.18.44',
    date: '2026-11-23',
    url: postgresql,
  },
  {
    id: 'python',
    title: 'python3',
    what: 'half of its memory in whole PMD ranges, half in small VMAs',
    processes: 1,
    inUse: '64.8M',
    growth: '1.28M',
    kernel: '6.18.44',
    date: '2026-11-23',
    url: python,
  },
];

/** Two readings of the same three processes, 75 seconds apart, with khugepaged at work meanwhile. */
export const PAIR: readonly Pick<Example, 'id' | 'title' | 'url'>[] = [
  { id: 'before', title: 'before', url: before },
  { id: 'after', title: 'after', url: after },
];
