import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import type { Host, MemoryGroup, MemoryItem, MemorySource } from '../../src/core/rules/memory-source.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { rangeOf } from './ranges.ts';

const id = (digit: string) => digit.repeat(64);
const pod = (digit: string) => `${digit.repeat(8)}_28a7_4dd8_9f61_0242ac120002`;

/** Where the recorded programs run on one host: paths in the forms of test/core/rules/service.test.ts. */
const PLACES: readonly (readonly [recording: string, cgroup: string])[] = [
  ['examples/redis.parquet', '/system.slice/redis.service'],
  [
    'examples/programs/postgresql.parquet',
    '/system.slice/system-postgresql.slice/postgresql@15-main.service',
  ],
  [
    'examples/programs/java.parquet',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${pod('a')}.slice/cri-containerd-${id('1')}.scope`,
  ],
  [
    'examples/programs/java.parquet',
    `/kubepods.slice/kubepods-pod${pod('b')}.slice/cri-containerd-${id('2')}.scope`,
  ],
  [
    'examples/programs/python.parquet',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${pod('c')}.slice/crio-${id('3')}.scope`,
  ],
  ['examples/programs/node.parquet', `/system.slice/docker-${id('4')}.scope`],
  ['examples/programs/gcc.parquet', '/user.slice/user-1000.slice/user@1000.service/app.slice/build.service'],
];

/** The host, beside what the first recording says of its own. */
export interface ServiceHost extends Partial<Pick<Host, 'settings' | 'kernelRelease'>> {
  /** Limits of control groups by their paths. */
  readonly groups?: Readonly<Record<string, Omit<MemoryGroup, 'path'>>>;
  /** Control groups that are left out. */
  readonly without?: readonly string[];
}

/** Writes a snapshot of a host that runs the recorded programs as services of many managers. */
export async function writeServiceHost(
  path: string,
  { groups = {}, without = [], ...host }: ServiceHost = {},
): Promise<void> {
  const first = await opened(PLACES[0][0]);
  const written = await writeSnapshot(path, {
    host: { ...first.host, ...host },
    items: () => itemsOf(groups, without),
  });
  if (!written.ok) throw new Error(written.failure.message);
}

/**
 * Writes a snapshot of a host where a control group of one process breaks any budget under the settings in
 * force, madvise: 28 ranges of 2M with MADV_HUGEPAGE, of which every eighth page was touched.
 */
export async function writeSparseHost(path: string, cgroup: string): Promise<void> {
  const { host } = await opened(PLACES[0][0]);
  const start = 2 ** 32;
  const bytes = rangeBytes(x86_64);
  const present = Array.from({ length: 64 }, (_, at) => 8 * at).join(',');
  const ranges = Array.from({ length: 28 }, (_, at) => rangeOf({ present, address: start + at * bytes }));
  const vma = {
    start,
    end: start + 28 * bytes,
    name: '',
    anonymous: true,
    flags: ['hg'],
    thpEligible: undefined,
    rssBytes: 0,
    swapBytes: 0,
  };
  const process = { pid: 7, startTime: 1, command: 'sparse', cgroup, thpDisabled: false };
  const written = await writeSnapshot(path, {
    host: { ...host, kernelRelease: '7.3.0' },
    async *items(): AsyncGenerator<MemoryItem> {
      yield { kind: 'process', process };
      yield { kind: 'vma', vma };
      yield { kind: 'ranges', ranges };
    },
  });
  if (!written.ok) throw new Error(written.failure.message);
}

async function* itemsOf(
  groups: NonNullable<ServiceHost['groups']>,
  without: readonly string[],
): AsyncGenerator<MemoryItem> {
  for (const [at, [recording, cgroup]] of PLACES.entries()) {
    if (without.includes(cgroup)) continue;
    const memoryGroups = Object.entries(groups)
      .filter(([path]) => cgroup.startsWith(path))
      .map(([path, limit]): MemoryGroup => ({ path, ...limit }));
    for await (const item of (await opened(recording)).items()) {
      if (item.kind !== 'process') yield item;
      else {
        // The same recording twice is two processes.
        const pid = 10_000 * (at + 1) + item.process.pid;
        yield { kind: 'process', process: { ...item.process, pid, cgroup, memoryGroups } };
      }
    }
  }
}

async function opened(path: string): Promise<MemorySource> {
  const file = await openSnapshotFile(path);
  if (!file.ok) throw new Error(file.failure.message);
  return file.value;
}
