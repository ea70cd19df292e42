import { type Failed, fail, type Result, succeed } from '../../../core/base/failure.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import type { RangeState } from '../../../core/memory/range-state.ts';
import { renumbered } from '../../../core/memory/shared-runs.ts';
import { commonCpu } from '../../../core/rules/cpu.ts';
import { joinReleases } from '../../../core/rules/kernel-release.ts';
import type {
  Host,
  MemoryItem,
  MemoryOrigin,
  MemorySource,
  Recording,
} from '../../../core/rules/memory-source.ts';
import type { ProcessCost } from '../../../core/rules/reading-cost.ts';
import type { ShmemSettings } from '../../../core/rules/shmem-settings.ts';
import type { ThpSettings } from '../../../core/rules/thp-settings.ts';
import type { KernelTree } from '../../../linux/kernel/kernel-tree.ts';
import { costSentence } from '../../../render/words/reading-cost.ts';
import type { SnapshotFile } from '../../../snapshot/file.ts';
import { type Context, warn } from '../context.ts';
import { geometryFromFlags, geometryNote } from '../flags/geometry-flags.ts';
import type { CostFlag, ProcessFlags, SourceFlags } from '../flags/source-flags.ts';
import { type CommandInputs, commandInputs } from '../input/command-inputs.ts';
import type { InputFile } from '../input/input-file.ts';
import { rangeOfLine } from '../input/range-line.ts';
import { parseCpuBudget } from './cpu-budget.ts';
import { liveOrigin, recordedOrigins } from './origin.ts';
import { ReadError } from './read-memory.ts';
import { RecordedProcesses } from './recorded-processes.ts';

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
  const given = givenSources(flags, files);
  if (given.length === 0)
    return fail('usage', 'no memory given: use -p PID, --all, --cgroup PATH, a FILE or --pattern LIST');
  if (flags.pid && files.some((file) => /^\d+$/.test(file))) {
    return fail('usage', `${files.join(' ')}: several processes are written -p 1 -p 2, or -p 1,2`);
  }
  const twice = files.find((file, index) => files.indexOf(file) < index);
  if (twice !== undefined) return fail('usage', `${twice}: is given twice`);
  if (given.length > 1)
    return fail('usage', `${given.join(' and ')} cannot be combined: give one kind of source`);
  if (
    flags.budget !== undefined &&
    !(given[0] === '--pid' || given[0] === '--cgroup' || given[0] === '--all')
  )
    return fail('usage', '--budget goes with running processes: reading files takes nothing from them');
  const made = flags.pattern !== undefined || flags.ranges !== undefined;
  const shape = flags.pageSize === undefined ? '--pmd-order' : '--page-size';
  if (!made && (flags.pageSize ?? flags.pmdOrder) !== undefined) {
    return fail('usage', `${shape} goes with --pattern and --ranges; other sources know their own`);
  }
  if (flags.pattern === undefined && (flags.swap ?? flags.zero ?? flags.shared) !== undefined) {
    return fail('usage', '--swap, --zero and --shared go with --pattern');
  }
  return succeed(undefined);
}

/** The kinds of sources that are given, by their flags. */
function givenSources(
  flags: SourceFlags & { readonly ranges?: string },
  files: readonly string[],
): readonly string[] {
  const given = [
    (flags.pid?.length ?? 0) > 0 && '--pid',
    flags.cgroup !== undefined && '--cgroup',
    flags.all && '--all',
    files.length > 0 && 'FILE',
    flags.pattern !== undefined && '--pattern',
    flags.ranges !== undefined && '--ranges',
  ];
  return given.filter((name) => typeof name === 'string');
}

/** The flags with the pattern that pages in swap, or of the zero page, alone go without: none. */
function withPattern<F extends SourceFlags & { readonly ranges?: string }>(
  flags: F,
  files: readonly string[],
): F {
  const isMade = (flags.swap ?? flags.zero) !== undefined && givenSources(flags, files).length === 0;
  return isMade ? { ...flags, pattern: 'none' } : flags;
}

/** What a command reads that takes one kind of source, and settings. */
export async function sourceInputs<F extends SourceFlags & { policy?: string; ranges?: string }>(
  context: Context,
  flags: F,
  words: readonly string[],
): Promise<Result<CommandInputs<F>>> {
  const asked = withPattern(flags, words);
  const source = checkOneSource(asked, words);
  if (!source.ok) return source;
  const note = geometryNote(flags);
  if (note !== undefined) warn(context, note);
  return commandInputs(context, asked, words);
}

/** Memory of processes or snapshots, to be read once and then closed. */
export interface OpenedMemory {
  readonly source: MemorySource;
  /**
   * The machines that it comes from: of snapshots one each, in their order. The first is that of `source`.
   */
  readonly hosts: readonly Host[];
  /** What an answer says of them. */
  readonly origins: readonly MemoryOrigin[];
  /** Ranges at most, where that is known. */
  readonly rows: number | undefined;
  /** Processes that are going to be read, where that is known. */
  readonly processes: number | undefined;
  /** What reading each process took so far; undefined for recordings. */
  readonly costs?: readonly ProcessCost[];
  /** A source of one process fails as a whole when that process cannot be read. */
  readonly single: boolean;
  close(): void;
}

/**
 * Opens the snapshots, or else the processes that the flags name: with an address, only the range around it.
 */
export function memoryFromFlags(
  context: Context,
  flags: ProcessFlags & CostFlag & { readonly policy?: string },
  files: readonly InputFile[],
  address?: number,
): Promise<Result<OpenedMemory>> {
  return files.length > 0
    ? openSnapshots(context.command, files, flags.policy, address)
    : openProcesses(context, flags, { address });
}

/** How the processes are read that flags name. */
export interface ProcessOptions {
  /** Only the PMD range around it. */
  readonly address?: number;
  /** Time from one reading to the next; undefined where there is one. */
  readonly periodMs?: number;
}

/** Opens the processes that the flags name: with a budget, those with most memory first. */
export async function openProcesses(
  context: Context,
  flags: ProcessFlags & CostFlag,
  { address, periodMs }: ProcessOptions = {},
): Promise<Result<OpenedMemory>> {
  const budget = flags.budget === undefined ? succeed(undefined) : parseCpuBudget(flags.budget, periodMs);
  if (!budget.ok) return budget;
  const { KernelTree } = await import('../../../linux/kernel/kernel-tree.ts');
  const { openLiveSource } = await import('../../../linux/live-source.ts');
  const tree = new KernelTree(context.kernelRoot);
  const pids = await pidsFromFlags(tree, flags, context.process.pid);
  if (!pids.ok) return pids;
  const options = { address, budget: budget.value, clock: context.clock };
  const source = await openLiveSource(tree, pids.value, new Date(), options);
  if (!source.ok) return source;
  const processes = pids.value.length;
  return succeed({
    source: source.value,
    hosts: [source.value.host],
    origins: [liveOrigin(flags, source.value.host)],
    rows: undefined,
    processes,
    costs: source.value.costs,
    single: processes === 1,
    close: () => sayCost(context, flags, source.value.costs),
  });
}

/** What reading processes took, whatever was read of them and whichever command asked. */
function sayCost(context: Context, { verbose }: CostFlag, costs: readonly ProcessCost[]): void {
  if (verbose && costs.length > 0) warn(context, costSentence(costs));
}

async function pidsFromFlags(tree: KernelTree, flags: ProcessFlags, own: number): Promise<Result<number[]>> {
  const { listCgroupPids, listUserPids } = await import('../../../linux/processes/process.ts');
  if (flags.pid && flags.pid.length > 0) return succeed([...new Set(flags.pid)]);
  if (flags.cgroup !== undefined) return listCgroupPids(tree, flags.cgroup);
  return succeed(listUserPids(tree).filter((pid) => pid !== own));
}

/**
 * Opens snapshots as one source for a command. They must agree on THP settings, unless a policy is given.
 * With an address what may be around it comes first.
 */
export async function openSnapshots(
  command: string,
  files: readonly InputFile[],
  policy: string | undefined,
  address?: number,
): Promise<Result<OpenedMemory>> {
  const policyGiven = policy !== undefined && policy !== 'current';
  const opened = await openSnapshotFiles(command, files, policyGiven ? undefined : 'give --policy');
  if (!opened.ok) return opened;
  const snapshots = opened.value;
  const hosts = snapshots.map(({ host }) => host);
  const kernelRelease = joinReleases(hosts.map((host) => host.kernelRelease));
  const source: MemorySource = {
    host: { ...hosts[0], kernelRelease, cpu: commonCpu(hosts.map(({ cpu }) => cpu)) },
    items: () => itemsFrom(address, itemsOfAll(command, snapshots, files), snapshots),
  };
  const rows = snapshots.reduce((sum, snapshot) => sum + snapshot.rows, 0);
  const close = () => closeAll(snapshots);
  const origins = recordedOrigins(files, hosts, snapshots.map(skippedIn));
  return succeed({ source, hosts, origins, rows, processes: undefined, single: false, close });
}

/** Of a single recording those first that may be around an address: who finds it there reads no more. */
async function* itemsFrom(
  address: number | undefined,
  all: AsyncIterable<MemoryItem>,
  [snapshot, ...others]: readonly SnapshotFile[],
): AsyncIterable<MemoryItem> {
  if (address !== undefined && others.length === 0)
    for (const group of snapshot.groupsAround(address)) yield* snapshot.groupItems(group);
  yield* all;
}

/**
 * The items of several recordings one after the other: neither the numbers of their shared pages nor the ids
 * of their files meet.
 */
async function* itemsOfAll(
  command: string,
  snapshots: readonly MemorySource[],
  files: readonly InputFile[],
): AsyncIterable<MemoryItem> {
  const processes = new RecordedProcesses(command);
  let before = 0;
  for (const [index, snapshot] of snapshots.entries()) {
    let last = 0;
    const recording = recordingOf(files[index].name, snapshot.host);
    for await (const item of snapshot.items()) {
      if (item.kind === 'process' && snapshots.length > 1) {
        const recorded = processes.add(item.process, recording, snapshot.host.bootId);
        if (!recorded.ok) throw new ReadError(recorded.failure);
        yield { kind: 'process', process: recorded.value };
        continue;
      }
      if (item.kind !== 'ranges') {
        yield snapshots.length > 1 ? withFilesOf(item, index) : item;
        continue;
      }
      for (const { sharedRuns = [] } of item.ranges)
        for (const { id, pages } of sharedRuns) last = Math.max(last, id + pages);
      yield { kind: 'ranges', ranges: item.ranges.map((range) => renumbered(range, before)) };
    }
    before += last;
  }
  if (processes.note !== undefined) yield { kind: 'note', message: processes.note };
}

/** Devices and inodes of one machine are others on the next. */
function withFilesOf(item: MemoryItem, recording: number): MemoryItem {
  const named = (id: string) => `${recording + 1}/${id}`;
  if (item.kind === 'file') return { ...item, file: { ...item.file, id: named(item.file.id) } };
  if (item.kind !== 'vma' || !item.vma.mapping) return item;
  const { file, offset } = item.vma.mapping;
  return { ...item, vma: { ...item.vma, mapping: { file: named(file), offset } } };
}

/** What a recording says of processes that are not in it. */
export function skippedIn({ notices }: SnapshotFile) {
  return notices.filter((notice) => notice.kind === 'skipped');
}

export function recordingOf(file: string, { name, time }: Host): Recording {
  return { file, host: name, time };
}

/**
 * Opens snapshots for a command, to be closed by the caller. They must agree on geometry and, where
 * `otherwise` says what to do if they do not, on THP settings.
 */
export async function openSnapshotFiles(
  command: string,
  files: readonly InputFile[],
  otherwise: string | undefined,
): Promise<Result<SnapshotFile[]>> {
  const { openSnapshotFile } = await import('../../../snapshot/file.ts');
  const snapshots: SnapshotFile[] = [];
  for (const { path, name } of files) {
    const snapshot = await openSnapshotFile(path, name);
    if (!snapshot.ok) {
      closeAll(snapshots);
      return snapshot;
    }
    snapshots.push(snapshot.value);
  }
  const agreed = checkAgreement(command, files, snapshots, otherwise);
  if (agreed.ok) return succeed(snapshots);
  closeAll(snapshots);
  return agreed;
}

function closeAll(snapshots: readonly SnapshotFile[]): void {
  for (const snapshot of snapshots) snapshot.close();
}

function checkAgreement(
  command: string,
  files: readonly InputFile[],
  snapshots: readonly SnapshotFile[],
  otherwise: string | undefined,
): Result<void> {
  const [first, ...others] = snapshots.map(({ host }) => host);
  const names = files.map(({ name }) => name);
  for (const [index, other] of others.entries()) {
    const name = names[index + 1];
    if (!sameGeometry(other.geometry, first.geometry)) return otherPageSize(command, name, names[0]);
    if (otherwise !== undefined && !sameSettings(first.settings, other.settings)) {
      return fail('usage', `${name}: was recorded under other THP settings than ${names[0]}; ${otherwise}`);
    }
  }
  return succeed(undefined);
}

/** Two recordings, of memory or of counts, that one answer cannot be about. */
export function otherPageSize(command: string, path: string, first: string): Failed {
  return fail('usage', `${path}: has another page size than ${first}; ${oneByOne(command)}`);
}

/** What to do where recordings cannot be taken together. */
export function oneByOne(command: string): string {
  return `run thpscope ${command} on each of them alone`;
}

export function sameGeometry(a: Geometry, b: Geometry): boolean {
  return a.pmdOrder === b.pmdOrder && a.pageShift === b.pageShift;
}

/** Whether two machines have the same THP settings. */
export function sameSettings<T extends Pick<ThpSettings, 'enabled' | 'sizes'> | ShmemSettings>(
  a: T | undefined,
  b: T | undefined,
): boolean {
  const text = (settings: T | undefined) =>
    settings && JSON.stringify({ ...settings, sizes: [...settings.sizes].sort(([x], [y]) => x - y) });
  return text(a) === text(b);
}
