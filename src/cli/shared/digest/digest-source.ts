import type { CacheDigest } from '../../../analysis/cache/cache-digest.ts';
import { CacheDigestBuilder } from '../../../analysis/cache/cache-digest-builder.ts';
import { DigestCollector } from '../../../analysis/digest/digest-collector.ts';
import {
  addMemoryDigest,
  emptyMemoryDigest,
  type MemoryDigest,
  type ProcessDigest,
  type SourceDigest,
  totalDigest,
} from '../../../analysis/digest/memory-digest.ts';
import { skippedProcess } from '../../../analysis/reading/left-out.ts';
import { commonValue } from '../../../core/base/common-value.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { commonCpu } from '../../../core/rules/cpu.ts';
import { joinReleases } from '../../../core/rules/kernel-release.ts';
import type { MemoryOrigin } from '../../../core/rules/memory-source.ts';
import { commonReach, reachAsked, type TlbReach } from '../../../core/rules/tlb-reach.ts';
import type { Context } from '../context.ts';
import type { TlbFlag } from '../flags/policy-flags.ts';
import type { ProcessFlags, WorkersFlag } from '../flags/source-flags.ts';
import type { InputFile } from '../input/input-file.ts';
import { isDigestFile } from '../input/is-digest-file.ts';
import { recordedOrigins } from '../memory/origin.ts';
import { readMemory } from '../memory/read-memory.ts';
import { RecordedProcesses } from '../memory/recorded-processes.ts';
import {
  oneByOne,
  openProcesses,
  openSnapshotFiles,
  otherPageSize,
  sameGeometry,
  sameSettings,
  skippedIn,
} from '../memory/source.ts';
import { startProgress } from '../output/progress.ts';
import { timeLeft } from '../output/time-left.ts';
import { readDigestFile } from './digest-file.ts';
import { type DigestOptions, digestSnapshots } from './digest-snapshots.ts';
import { summedCache } from './summed-cache.ts';

/** A digest, and whose memory it is about. */
export interface DigestRead extends SourceDigest {
  readonly origins: readonly MemoryOrigin[];
}

/** The digest of whatever was named: running processes, snapshots, or digests made before. */
export async function digestFromFlags(
  context: Context,
  flags: ProcessFlags & WorkersFlag & TlbFlag,
  files: readonly InputFile[],
  asked: Omit<DigestOptions, 'tlb'>,
): Promise<Result<DigestRead>> {
  const stored = storedDigests(files, asked);
  if (!stored.ok) return stored;
  if (stored.value.length === 0) return digestAnew(context, flags, files, asked);
  const processes: ProcessDigest[] = [];
  const read = await readDigests(context, stored.value, flags.tlb, (each) => processes.push(each));
  return read.ok ? succeed({ ...read.value, processes }) : read;
}

/** What was named as one sum, for answers that tell no processes apart. */
export interface TotalSource {
  /** Its only process is the sum of all, in the control groups of all. */
  readonly source: DigestRead;
  readonly memory: MemoryDigest;
  /** How many processes it is of. */
  readonly processes: number;
}

/** The same as one sum: of digests made before one at a time is held, however many there are. */
export async function digestTotal(
  context: Context,
  flags: ProcessFlags & WorkersFlag & TlbFlag,
  files: readonly InputFile[],
  asked: Omit<DigestOptions, 'tlb'>,
): Promise<Result<TotalSource>> {
  const stored = storedDigests(files, asked);
  if (!stored.ok) return stored;
  if (stored.value.length === 0) {
    const source = await digestAnew(context, flags, files, asked);
    return source.ok
      ? succeed(totalOf(source.value, totalDigest(source.value), source.value.processes))
      : source;
  }
  let memory: MemoryDigest | undefined;
  const processes: Pick<ProcessDigest, 'process'>[] = [];
  const read = await readDigests(context, stored.value, flags.tlb, (each) => {
    memory ??= emptyMemoryDigest(each.memory.geometry, each.memory.reachPages);
    addMemoryDigest(memory, each.memory);
    processes.push({ process: each.process });
  });
  if (!read.ok) return read;
  const { host, reach } = read.value;
  return succeed(totalOf(read.value, memory ?? emptyMemoryDigest(host.geometry, reach.pages), processes));
}

function totalOf(
  source: Omit<DigestRead, 'processes'>,
  memory: MemoryDigest,
  processes: readonly Pick<ProcessDigest, 'process'>[],
): TotalSource {
  const groups = new Map(
    processes.flatMap(({ process }) => (process.memoryGroups ?? []).map((group) => [group.path, group])),
  );
  const memoryGroups = [...groups.values()];
  const process = { pid: 0, startTime: 0, command: '', cgroup: '', thpDisabled: undefined, memoryGroups };
  const sum = { process, memory, isRegistered: undefined, count: processes.length };
  return { source: { ...source, processes: [sum] }, memory, processes: processes.length };
}

/** The files if they are digests, none if they are snapshots. Fails where they are of both kinds. */
function storedDigests(
  files: readonly InputFile[],
  { walkAll }: Pick<DigestOptions, 'walkAll'>,
): Result<readonly InputFile[]> {
  const stored = files.filter(isDigestFile);
  if (stored.length > 0 && stored.length < files.length)
    return fail('usage', 'digests and snapshots cannot be combined: digest the snapshots first');
  if (stored.length > 0 && walkAll)
    return fail(
      'usage',
      `${stored[0].name}: a digest cannot answer for the kernels scaled and capped; give the snapshot`,
    );
  return succeed(stored);
}

function digestAnew(
  context: Context,
  flags: ProcessFlags & WorkersFlag & TlbFlag,
  files: readonly InputFile[],
  asked: Omit<DigestOptions, 'tlb'>,
): Promise<Result<DigestRead>> {
  const options = { ...asked, tlb: flags.tlb };
  return files.length === 0
    ? digestProcesses(context, flags, options)
    : digestFiles(context, flags, files, options);
}

/** Reads digests one after the other and hands out their processes; nothing of these is kept. */
async function readDigests(
  context: Context,
  files: readonly InputFile[],
  tlb: string | undefined,
  take: (process: ProcessDigest) => void,
): Promise<Result<Omit<DigestRead, 'processes'>>> {
  const hosts: SourceDigest['host'][] = [];
  const caches: (CacheDigest | undefined)[] = [];
  const reaches: TlbReach[] = [];
  const skipped: SourceDigest['skipped'][] = [];
  const notes = new Set<string>();
  const recorded = new RecordedProcesses(context.command);
  for (const file of files) {
    const digest = await readDigestFile(file);
    if (!digest.ok) return digest;
    const counted = checkReach(file.name, digest.value, tlb);
    if (!counted.ok) return counted;
    const { host, processes } = digest.value;
    hosts.push(host);
    caches.push(digest.value.cache);
    reaches.push(digest.value.reach);
    if (!sameGeometry(host.geometry, hosts[0].geometry))
      return otherPageSize(context.command, file.name, files[0].name);
    const recording = { file: file.name, host: host.name, time: host.time };
    for (const each of processes) {
      const process =
        files.length > 1 ? recorded.add(each.process, recording, host.bootId) : succeed(each.process);
      if (!process.ok) return process;
      take({ ...each, process: process.value });
    }
    skipped.push(digest.value.skipped);
    for (const note of digest.value.notes) notes.add(note);
  }
  if (recorded.note !== undefined) notes.add(recorded.note);
  const cache = summedCache(hosts, caches);
  if (cache.note !== undefined) notes.add(cache.note);
  const [first] = hosts;
  // Hosts of a fleet may differ in settings; then none are those of all.
  const agree = hosts.every((each) => sameSettings(each.settings, first.settings));
  return succeed({
    origins: recordedOrigins(files, hosts, skipped),
    host: {
      ...first,
      name: commonValue(hosts.map((each) => each.name)),
      bootId: hosts.length === 1 ? first.bootId : undefined,
      kernelRelease: joinReleases(hosts.map((each) => each.kernelRelease)),
      settings: agree ? first.settings : undefined,
      shmem: hosts.every(({ shmem }) => sameSettings(shmem, first.shmem)) ? first.shmem : undefined,
      cpu: commonCpu(hosts.map((each) => each.cpu)),
    },
    reach: commonReach(reaches),
    cache: cache.sum,
    skipped: skipped.flat(),
    notes: [...notes],
  });
}

async function digestFiles(
  context: Context,
  { workers }: WorkersFlag,
  files: readonly InputFile[],
  options: DigestOptions,
): Promise<Result<DigestRead>> {
  const opened = await openSnapshotFiles(context.command, files, oneByOne(context.command));
  if (!opened.ok) return opened;
  const progress = startProgress(context);
  const left = timeLeft();
  try {
    const digest = await digestSnapshots(opened.value, files, {
      ...options,
      command: context.command,
      workers,
      onProgress: (done, total) => progress.show(done, total, `row groups digested${left(done, total)}`),
    });
    if (!digest.ok) return digest;
    const hosts = opened.value.map(({ host }) => host);
    const origins = recordedOrigins(files, hosts, opened.value.map(skippedIn));
    return succeed({ ...digest.value, origins });
  } finally {
    progress.clear();
    for (const snapshot of opened.value) snapshot.close();
  }
}

/** The digest of running processes. */
export async function digestProcesses(
  context: Context,
  flags: ProcessFlags,
  { signal, tlb, walkAll, periodMs }: DigestOptions,
): Promise<Result<DigestRead>> {
  const opened = await openProcesses(context, flags, { periodMs });
  if (!opened.ok) return opened;
  const { host } = opened.value.source;
  const reach = reachAsked(tlb, host.cpu, host.geometry);
  if (!reach.ok) return reach;
  const cache = new CacheDigestBuilder(host.geometry);
  const options = { walkAll, surroundings: host, cache };
  const collector = new DigestCollector(host.geometry, reach.value.pages, options);
  const read = await readMemory(
    opened.value,
    async (items) => {
      for await (const item of items) collector.add(item);
      return succeed(collector.finish());
    },
    { signal, progress: startProgress(context) },
  );
  if (!read.ok) return read;
  const { value: processes, skipped, notes, origins } = read.value;
  return succeed({
    origins,
    host,
    reach: reach.value,
    processes,
    cache: collector.finishCache(),
    skipped: skipped.map(skippedProcess),
    notes,
  });
}

/** A digest counts the entries that folios save by one reach: another cannot be asked for. */
function checkReach(name: string, { host, reach }: SourceDigest, tlb: string | undefined): Result<void> {
  const asked = tlb === undefined ? succeed(reach) : reachAsked(tlb, host.cpu, host.geometry);
  if (!asked.ok) return asked;
  if (asked.value.pages === reach.pages) return succeed(undefined);
  return fail(
    'usage',
    `${name}: counts TLB entries for ${formatSize(reach.pages, host.geometry)} an entry (${reach.cpu}); ` +
      `digest the memory again with --tlb ${tlb}`,
  );
}
