import { availableParallelism } from 'node:os';
import type { CacheDigest } from '../../../analysis/cache/cache-digest.ts';
import { CacheDigestBuilder } from '../../../analysis/cache/cache-digest-builder.ts';
import {
  addMemoryDigest,
  type ProcessDigest,
  type SourceDigest,
} from '../../../analysis/digest/memory-digest.ts';
import { skippedProcess } from '../../../analysis/reading/left-out.ts';
import { commonValue } from '../../../core/base/common-value.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { commonCpu } from '../../../core/rules/cpu.ts';
import { joinReleases } from '../../../core/rules/kernel-release.ts';
import { commonReach, reachAsked, type TlbReach } from '../../../core/rules/tlb-reach.ts';
import type { SnapshotFile } from '../../../snapshot/file.ts';
import { threadScript } from '../../assets.ts';
import type { WorkersFlag } from '../flags/source-flags.ts';
import type { InputFile } from '../input/input-file.ts';
import { failureOfThrown } from '../memory/read-memory.ts';
import { RecordedProcesses } from '../memory/recorded-processes.ts';
import { recordingOf, sameSettings } from '../memory/source.ts';
import { runWorkers, SHARED, sharedCounters } from '../worker-pool.ts';
import type { DigestedSpans, DigestPiece, DigestTask, GroupSpan } from './digest-worker.ts';
import { summedCache } from './summed-cache.ts';

/** A worker takes as long to start as to digest about these. */
const MIN_GROUPS_PER_WORKER = 16;

/** Enough that workers finish together, and few, because each span yields a digest of its own to merge. */
const SPANS_PER_WORKER = 8;

export interface DigestOptions {
  readonly signal: AbortSignal;
  /** What one TLB entry maps, where that is not to be what the CPU can do: see `reachAsked`. */
  readonly tlb?: string;
  /** Time from one reading of processes to the next; undefined where there is one. */
  readonly periodMs?: number;
  /** Keeps every range, for models that no table answers for: see DigestCollector. */
  readonly walkAll?: boolean;
}

export interface DigestRun extends DigestOptions, WorkersFlag {
  /** The command that asks, to be named where it cannot be answered. */
  readonly command: string;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Digests snapshots on all cores, row group by row group: memory is bounded by some row groups for each
 * worker. The result is the same however many workers there are. Fails when a file is damaged; throws the
 * reason of an abort.
 */
export async function digestSnapshots(
  snapshots: readonly SnapshotFile[],
  files: readonly InputFile[],
  run: DigestRun,
): Promise<Result<SourceDigest>> {
  const kernelRelease = joinReleases(snapshots.map(({ host }) => host.kernelRelease));
  const cpu = commonCpu(snapshots.map(({ host }) => host.cpu));
  const hosts = snapshots.map((snapshot) => snapshot.host);
  const name = commonValue(hosts.map((host) => host.name));
  const bootId = commonValue(hosts.map((host) => host.bootId));
  const shmem = hosts.every((each) => sameSettings(each.shmem, hosts[0].shmem)) ? hosts[0].shmem : undefined;
  const host = { ...hosts[0], name, bootId, kernelRelease, cpu, shmem };
  const asked = collectiveReach(run.tlb, snapshots);
  if (!asked.ok) return asked;
  const reach = asked.value;
  const groups = snapshots.reduce((sum, snapshot) => sum + snapshot.groups, 0);
  const counters = sharedCounters();
  const paying = Math.min(availableParallelism(), Math.floor(groups / MIN_GROUPS_PER_WORKER));
  const count = Math.max(1, Math.min(run.workers ?? paying, groups));
  const results = await runWorkers<Result<DigestedSpans>>(
    threadScript('digest-worker'),
    count,
    { files, spans: spansOf(snapshots, count), reach, walkAll: run.walkAll, counters } satisfies DigestTask,
    run.signal,
    () => run.onProgress(Atomics.load(counters, SHARED.done), groups),
  );
  const pieces: DigestPiece[] = [];
  const found: DigestedSpans[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    found.push(result.value);
    pieces.push(...result.value.pieces);
  }
  const caches: (CacheDigest | undefined)[] = [];
  for (const [file, snapshot] of snapshots.entries()) {
    const cache = await failureOfThrown(() => cacheOfSnapshot(snapshot, file, found));
    if (!cache.ok) return cache;
    caches.push(cache.value);
  }
  const cache = summedCache(hosts, caches);
  pieces.sort(({ place: [a, i] }, { place: [b, j] }) => a - b || i - j);
  const processes = mergePieces(pieces, files);
  if (!processes.ok) return processes;
  const named = nameRecordings(run.command, processes.value, snapshots, files);
  if (!named.ok) return named;
  const notices = snapshots.flatMap((snapshot) => snapshot.notices);
  return succeed({
    host,
    reach,
    processes: named.value.processes,
    cache: cache.sum,
    skipped: notices.flatMap((each) => (each.kind === 'skipped' ? skippedProcess(each) : [])),
    notes: [
      ...notices.flatMap((each) => (each.kind === 'note' ? [each.message] : [])),
      ...named.value.notes,
      ...(cache.note === undefined ? [] : [cache.note]),
    ],
  });
}

/** The page cache of a snapshot: a file is asked about all VMAs that map it, whichever worker met them. */
async function cacheOfSnapshot(
  snapshot: SnapshotFile,
  file: number,
  found: readonly DigestedSpans[],
): Promise<Result<CacheDigest | undefined>> {
  const builder = new CacheDigestBuilder(snapshot.host.geometry);
  // A VMA whose rows lie in several spans was met in each.
  const known = new Set<string>();
  for (const each of found.flatMap(({ mappers }) => mappers)) {
    const { pid, startTime } = each.process;
    const key = `${pid} ${startTime} ${each.vma.start}`;
    if (each.file !== file || known.has(key)) continue;
    known.add(key);
    builder.addVma(each.process, each.vma);
  }
  const groups = found
    .flatMap(({ cacheGroups }) => cacheGroups.filter((each) => each.file === file))
    .sort((a, b) => a.group - b.group);
  for (const { group } of groups)
    for await (const item of snapshot.groupItems(group)) {
      if (item.kind === 'file') builder.openFile(item.file);
      else if (item.kind === 'cache-ranges') builder.addRanges(item.ranges);
    }
  return succeed(builder.finish());
}

function collectiveReach(tlb: string | undefined, snapshots: readonly SnapshotFile[]): Result<TlbReach> {
  const reaches: TlbReach[] = [];
  for (const { host } of snapshots) {
    const reach = reachAsked(tlb, host.cpu, host.geometry);
    if (!reach.ok) return reach;
    reaches.push(reach.value);
  }
  return succeed(commonReach(reaches));
}

function spansOf(snapshots: readonly SnapshotFile[], workers: number): GroupSpan[] {
  return snapshots.flatMap(({ groups }, file) => {
    const length = Math.ceil(groups / (SPANS_PER_WORKER * workers));
    const count = groups === 0 ? 0 : Math.ceil(groups / length);
    return Array.from({ length: count }, (_, i) => ({
      file,
      first: i * length,
      end: Math.min(groups, (i + 1) * length),
    }));
  });
}

interface RecordedDigest {
  /** The place of its file among those that are digested. */
  readonly file: number;
  readonly digest: ProcessDigest;
}

/** The processes with where each was recorded, if there are several files. Fails where one is in two. */
function nameRecordings(
  command: string,
  processes: readonly RecordedDigest[],
  snapshots: readonly SnapshotFile[],
  files: readonly InputFile[],
): Result<{ readonly processes: readonly ProcessDigest[]; readonly notes: readonly string[] }> {
  if (snapshots.length === 1) return succeed({ processes: processes.map(({ digest }) => digest), notes: [] });
  const recorded = new RecordedProcesses(command);
  const recordings = snapshots.map(({ host }, i) => recordingOf(files[i].name, host));
  const named: ProcessDigest[] = [];
  for (const { file, digest } of processes) {
    const process = recorded.add(digest.process, recordings[file], snapshots[file].host.bootId);
    if (!process.ok) return process;
    named.push({ ...digest, process: process.value });
  }
  return succeed({ processes: named, notes: recorded.note === undefined ? [] : [recorded.note] });
}

/** A process whose ranges lie in several spans comes in as many pieces, one after the other. */
function mergePieces(
  pieces: readonly DigestPiece[],
  files: readonly InputFile[],
): Result<readonly RecordedDigest[]> {
  const merged = new Map<string, RecordedDigest>();
  let last: string | undefined;
  for (const { file, digest } of pieces) {
    const { process } = digest;
    const key = `${file} ${process.pid} ${process.startTime}`;
    const earlier = merged.get(key);
    if (earlier && key !== last)
      return fail(
        'unreadable',
        `${files[file].name}: process ${process.pid} is there twice; capture the memory again`,
      );
    last = key;
    if (earlier) {
      addMemoryDigest(earlier.digest.memory, digest.memory);
      earlier.digest.isRegistered ||= digest.isRegistered;
    } else merged.set(key, { file, digest });
  }
  return succeed([...merged.values()]);
}
