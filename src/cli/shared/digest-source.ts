import { formatSize } from '../../core/memory/format-size.ts';
import { DigestCollector } from '../../analysis/digest-collector.ts';
import type { SourceDigest } from '../../analysis/memory-digest.ts';
import { fail, type Failure, type Result, succeed } from '../../core/base/failure.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import type { Context } from './context.ts';
import { readDigestFile } from './digest-file.ts';
import { digestSnapshots } from './digest-snapshots.ts';
import type { ProcessFlags } from './flags.ts';
import { isDigestFile } from './is-digest-file.ts';
import { startProgress } from './progress.ts';
import { checkOneSource, checkSnapshots, openProcesses, sameSettings } from './source.ts';
import { timeLeft } from './time-left.ts';

/** The digest of whatever the flags name: running processes, snapshots, or digests made before. */
export async function digestFromFlags(
  context: Context,
  flags: ProcessFlags & { readonly workers?: number },
  files: readonly string[],
  signal: AbortSignal,
  walkAll = false,
): Promise<Result<SourceDigest>> {
  const source = checkOneSource(flags, files);
  if (!source.ok) return source;
  if (files.length === 0) return digestProcesses(context, flags, signal, walkAll);
  const stored = files.filter(isDigestFile);
  if (stored.length === 0) return digestFiles(context, flags, files, signal, walkAll);
  if (stored.length < files.length)
    return fail('usage', 'digests and snapshots cannot be combined: digest the snapshots first');
  if (walkAll)
    return fail(
      'usage',
      `${stored[0]}: a digest cannot answer for the kernels scaled and capped; give the snapshot`,
    );
  return readDigests(stored);
}

async function readDigests(paths: readonly string[]): Promise<Result<SourceDigest>> {
  const digests: SourceDigest[] = [];
  for (const path of paths) {
    const digest = await readDigestFile(path);
    if (!digest.ok) return digest;
    digests.push(digest.value);
    const { pageShift, pmdOrder } = digests[0].host.geometry;
    const { geometry } = digest.value.host;
    if (geometry.pageShift !== pageShift || geometry.pmdOrder !== pmdOrder)
      return fail('usage', `${path}: has another page size than ${paths[0]}; ask about them one by one`);
  }
  const [{ host }] = digests;
  // Hosts of a fleet may differ in settings; then none are those of all.
  const agree = digests.every((each) => sameSettings(each.host.settings, host.settings));
  return succeed({
    host: agree ? host : { ...host, settings: undefined },
    processes: digests.flatMap(({ processes }) => processes),
    skipped: digests.flatMap(({ skipped }) => skipped),
    notes: [...new Set(digests.flatMap(({ notes }) => notes))],
  });
}

async function digestFiles(
  context: Context,
  flags: { readonly workers?: number },
  paths: readonly string[],
  signal: AbortSignal,
  walkAll: boolean,
): Promise<Result<SourceDigest>> {
  const opened = await checkSnapshots(paths, 'ask about them one by one');
  if (!opened.ok) return opened;
  const progress = startProgress(context);
  const left = timeLeft();
  try {
    return await digestSnapshots(opened.value, paths, {
      workers: flags.workers,
      walkAll,
      signal,
      onProgress: (done, total) => progress.show(done, total, `row groups digested${left(done, total)}`),
    });
  } finally {
    progress.clear();
    for (const file of opened.value) file.close();
  }
}

async function digestProcesses(
  context: Context,
  flags: ProcessFlags,
  signal: AbortSignal,
  walkAll: boolean,
): Promise<Result<SourceDigest>> {
  const opened = await openProcesses(flags);
  if (!opened.ok) return opened;
  const { source, processes: total, single } = opened.value;
  const collector = new DigestCollector(source.host.geometry, walkAll);
  const progress = startProgress(context);
  const skipped: { pid: number; failure: Failure }[] = [];
  const notes: string[] = [];
  let begun = 0;
  let pages = 0;
  try {
    for await (const item of source.items()) {
      signal.throwIfAborted();
      if (item.kind === 'process') begun++;
      if (item.kind === 'skipped') skipped.push(item);
      if (item.kind === 'note') notes.push(item.message);
      if (item.kind === 'ranges') pages += item.ranges.length * pagesPerRange(source.host.geometry);
      collector.add(item);
      progress.show(begun, total, `processes: ${formatSize(pages, source.host.geometry)} read`);
    }
  } finally {
    progress.clear();
  }
  const processes = collector.finish();
  if (skipped.length > 0 && (single || processes.length === 0))
    return { ok: false, failure: skipped[0].failure };
  return succeed({
    host: source.host,
    processes,
    skipped: skipped.map(({ pid, failure }) => ({ pid, reason: failure.message })),
    notes,
  });
}
