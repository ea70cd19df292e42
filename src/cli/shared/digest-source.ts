import { DigestCollector } from '../../analysis/digest-collector.ts';
import type { ProcessDigest, SourceDigest } from '../../analysis/memory-digest.ts';
import { commonValue } from '../../core/base/common-value.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { commonCpu } from '../../core/rules/cpu.ts';
import { joinReleases } from '../../core/rules/kernel-release.ts';
import { commonReach, reachAsked } from '../../core/rules/tlb-reach.ts';
import type { LiveOptions } from '../../linux/live-source.ts';
import type { Context } from './context.ts';
import { readDigestFile } from './digest-file.ts';
import { type DigestOptions, digestSnapshots } from './digest-snapshots.ts';
import type { InputFile } from './input-file.ts';
import { isDigestFile } from './is-digest-file.ts';
import type { TlbFlag } from './policy-flags.ts';
import { startProgress } from './progress.ts';
import { readMemory } from './read-memory.ts';
import { RecordedProcesses } from './recorded-processes.ts';
import {
  oneByOne,
  openProcesses,
  openSnapshotFiles,
  otherPageSize,
  sameGeometry,
  sameSettings,
} from './source.ts';
import type { ProcessFlags, WorkersFlag } from './source-flags.ts';
import { timeLeft } from './time-left.ts';

/** The digest of whatever was named: running processes, snapshots, or digests made before. */
export async function digestFromFlags(
  context: Context,
  flags: ProcessFlags & WorkersFlag & TlbFlag,
  files: readonly InputFile[],
  asked: Omit<DigestOptions, 'tlb'>,
): Promise<Result<SourceDigest>> {
  const options = { ...asked, tlb: flags.tlb };
  if (files.length === 0) return digestProcesses(context, flags, options);
  const stored = files.filter(isDigestFile);
  if (stored.length === 0) return digestFiles(context, flags, files, options);
  if (stored.length < files.length)
    return fail('usage', 'digests and snapshots cannot be combined: digest the snapshots first');
  if (options.walkAll)
    return fail(
      'usage',
      `${stored[0].name}: a digest cannot answer for the kernels scaled and capped; give the snapshot`,
    );
  return readDigests(context, stored, options.tlb);
}

async function readDigests(
  context: Context,
  files: readonly InputFile[],
  tlb: string | undefined,
): Promise<Result<SourceDigest>> {
  const digests: SourceDigest[] = [];
  for (const file of files) {
    const digest = await readDigestFile(file);
    if (!digest.ok) return digest;
    const counted = checkReach(file.name, digest.value, tlb);
    if (!counted.ok) return counted;
    digests.push(digest.value);
    if (!sameGeometry(digest.value.host.geometry, digests[0].host.geometry))
      return otherPageSize(context.command, file.name, files[0].name);
  }
  const [{ host }] = digests;
  const recorded = new RecordedProcesses(context.command);
  const processes: ProcessDigest[] = [];
  for (const [index, digest] of digests.entries()) {
    const recording = { file: files[index].name, host: digest.host.name, time: digest.host.time };
    for (const each of digest.processes) {
      const process =
        digests.length > 1
          ? recorded.add(each.process, recording, digest.host.bootId)
          : succeed(each.process);
      if (!process.ok) return process;
      processes.push({ ...each, process: process.value });
    }
  }
  const { note } = recorded;
  // Hosts of a fleet may differ in settings; then none are those of all.
  const agree = digests.every((each) => sameSettings(each.host.settings, host.settings));
  return succeed({
    host: {
      ...host,
      name: commonValue(digests.map((each) => each.host.name)),
      bootId: digests.length === 1 ? host.bootId : undefined,
      kernelRelease: joinReleases(digests.map((each) => each.host.kernelRelease)),
      settings: agree ? host.settings : undefined,
      cpu: commonCpu(digests.map((each) => each.host.cpu)),
    },
    reach: commonReach(digests.map(({ reach }) => reach)),
    processes,
    skipped: digests.flatMap(({ skipped }) => skipped),
    notes: [...new Set(digests.flatMap(({ notes }) => notes)), ...(note === undefined ? [] : [note])],
  });
}

async function digestFiles(
  context: Context,
  { workers }: WorkersFlag,
  files: readonly InputFile[],
  options: DigestOptions,
): Promise<Result<SourceDigest>> {
  const opened = await openSnapshotFiles(context.command, files, oneByOne(context.command));
  if (!opened.ok) return opened;
  const progress = startProgress(context);
  const left = timeLeft();
  try {
    return await digestSnapshots(opened.value, files, {
      ...options,
      command: context.command,
      workers,
      onProgress: (done, total) => progress.show(done, total, `row groups digested${left(done, total)}`),
    });
  } finally {
    progress.clear();
    for (const snapshot of opened.value) snapshot.close();
  }
}

/** The digest of running processes. */
export async function digestProcesses(
  context: Context,
  flags: ProcessFlags,
  { signal, tlb, walkAll, budget }: DigestOptions & Pick<LiveOptions, 'budget'>,
): Promise<Result<SourceDigest>> {
  const opened = await openProcesses(context, flags, { budget });
  if (!opened.ok) return opened;
  const { host } = opened.value.source;
  const reach = reachAsked(tlb, host.cpu, host.geometry);
  if (!reach.ok) return reach;
  const collector = new DigestCollector(host.geometry, reach.value.pages, { walkAll, surroundings: host });
  const read = await readMemory(
    opened.value,
    async (items) => {
      for await (const item of items) collector.add(item);
      return succeed(collector.finish());
    },
    { signal, progress: startProgress(context) },
  );
  if (!read.ok) return read;
  const { value: processes, skipped, notes } = read.value;
  return succeed({
    host,
    reach: reach.value,
    processes,
    skipped: skipped.map(({ pid, failure }) => ({ pid, reason: failure.message })),
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
