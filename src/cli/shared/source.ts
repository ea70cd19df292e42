import { fail, type Result, succeed } from '../../core/base/failure.ts';
import {
  type Geometry,
  geometryOfPmdOrder,
  MAX_PMD_ORDER,
  MIN_PMD_ORDER,
} from '../../core/memory/geometry.ts';
import type { MemoryItem, MemorySource } from '../../core/rules/memory-source.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import type { SnapshotFile } from '../../snapshot/file.ts';
import type { SourceFlags } from './flags.ts';
import { rangeOfLine } from './range-line.ts';

type ProcessFlags = Pick<SourceFlags, 'pid' | 'cgroup' | 'all'>;

/** The geometry of made-up ranges. */
export function geometryFromFlags({ pmdOrder = 9 }: SourceFlags): Result<Geometry> {
  if (pmdOrder < MIN_PMD_ORDER || pmdOrder > MAX_PMD_ORDER) {
    return fail(
      'usage',
      `--pmd-order ${pmdOrder}: thpscope knows PMD orders ${MIN_PMD_ORDER} to ${MAX_PMD_ORDER}`,
    );
  }
  return succeed(geometryOfPmdOrder(pmdOrder));
}

/** The range that --pattern and its companions describe. */
export function rangeFromFlags(flags: SourceFlags & { readonly pattern: string }): Result<RangeState> {
  const geometry = geometryFromFlags(flags);
  if (!geometry.ok) return geometry;
  const { pattern, swap, zero, shared } = flags;
  return rangeOfLine({ present: pattern, swap, zero, shared }, geometry.value);
}

/** Exactly one kind of source must be given. */
export function checkOneSource(
  flags: SourceFlags & { readonly ranges?: string },
  files: readonly string[],
): Result<void> {
  const given = [
    (flags.pid?.length ?? 0) > 0 && '--pid',
    flags.cgroup !== undefined && '--cgroup',
    flags.all && '--all',
    files.length > 0 && 'FILE',
    flags.pattern !== undefined && '--pattern',
    flags.ranges !== undefined && '--ranges',
  ].filter((name) => typeof name === 'string');
  if (given.length === 0)
    return fail('usage', 'no memory given: use -p PID, --all, --cgroup PATH, a FILE or --pattern LIST');
  if (flags.pid && files.some((file) => /^\d+$/.test(file))) {
    return fail('usage', `${files.join(' ')}: several processes are written -p 1 -p 2, or -p 1,2`);
  }
  if (given.length > 1)
    return fail('usage', `${given.join(' and ')} cannot be combined: give one kind of source`);
  const made = flags.pattern !== undefined || flags.ranges !== undefined;
  if (!made && flags.pmdOrder !== undefined) {
    return fail('usage', '--pmd-order goes with --pattern and --ranges; other sources know their own');
  }
  if (flags.pattern === undefined && (flags.swap ?? flags.zero ?? flags.shared) !== undefined) {
    return fail('usage', '--swap, --zero and --shared go with --pattern');
  }
  return succeed(undefined);
}

/** Memory of processes or snapshots, and how many processes are going to be read where that is known. */
export interface OpenedMemory {
  readonly source: MemorySource;
  readonly processes: number | undefined;
  /** A source of one process fails as a whole when that process cannot be read. */
  readonly single: boolean;
}

/** Opens the processes that the flags name. With an address, only the range around it is read. */
export async function openProcesses(flags: ProcessFlags, address?: number): Promise<Result<OpenedMemory>> {
  const { openLiveSource } = await import('../../linux/live-source.ts');
  const pids = await pidsFromFlags(flags);
  if (!pids.ok) return pids;
  const source = await openLiveSource(pids.value, new Date(), address);
  if (!source.ok) return source;
  return succeed({ source: source.value, processes: pids.value.length, single: pids.value.length === 1 });
}

async function pidsFromFlags(flags: ProcessFlags): Promise<Result<number[]>> {
  const { listCgroupPids, listUserPids } = await import('../../linux/process.ts');
  if (flags.pid && flags.pid.length > 0) return succeed([...new Set(flags.pid)]);
  if (flags.cgroup !== undefined) return listCgroupPids(flags.cgroup);
  return succeed(listUserPids().filter((pid) => pid !== process.pid));
}

/** Opens snapshots as one source. They must agree on geometry and, unless a policy is given, on THP settings. */
export async function openSnapshots(
  paths: readonly string[],
  policy: string | undefined,
): Promise<Result<OpenedMemory>> {
  const policyGiven = policy !== undefined && policy !== 'current';
  const opened = await checkSnapshots(paths, policyGiven ? undefined : 'give --policy');
  if (!opened.ok) return opened;
  const source: MemorySource = {
    host: opened.value[0].host,
    async *items(): AsyncIterable<MemoryItem> {
      for (const each of opened.value) yield* each.items();
    },
  };
  return succeed({ source, processes: undefined, single: false });
}

/**
 * Opens snapshots that agree on geometry and, where `otherwise` says what to do if they do not, on THP settings.
 */
export async function checkSnapshots(
  paths: readonly string[],
  otherwise: string | undefined,
): Promise<Result<SnapshotFile[]>> {
  const { openSnapshotFile } = await import('../../snapshot/file.ts');
  const sources: SnapshotFile[] = [];
  for (const path of paths) {
    const source = await openSnapshotFile(path);
    if (!source.ok) return source;
    sources.push(source.value);
  }
  const [first, ...others] = sources.map(({ host }) => host);
  for (const [index, other] of others.entries()) {
    if (
      other.geometry.pmdOrder !== first.geometry.pmdOrder ||
      other.geometry.pageShift !== first.geometry.pageShift
    ) {
      return fail(
        'usage',
        `${paths[index + 1]}: has another page size than ${paths[0]}; predict them one by one`,
      );
    }
    if (otherwise !== undefined && !sameSettings(first.settings, other.settings)) {
      return fail(
        'usage',
        `${paths[index + 1]}: was recorded under other THP settings than ${paths[0]}; ${otherwise}`,
      );
    }
  }
  return succeed(sources);
}

/** Whether two machines have the same THP settings. */
export function sameSettings(a: ThpSettings | undefined, b: ThpSettings | undefined): boolean {
  const text = (settings: ThpSettings | undefined) =>
    settings && JSON.stringify({ ...settings, sizes: [...settings.sizes].sort(([x], [y]) => x - y) });
  return text(a) === text(b);
}
