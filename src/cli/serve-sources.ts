import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fail, type Result, succeed } from '../core/failure.ts';
import type { Process } from '../core/memory-source.ts';
import type { SourceFile } from '../server/listen.ts';
import { openSnapshotFile } from '../snapshot/file.ts';
import { type CaptureOptions, captureProcesses } from './capture-processes.ts';
import type { ProcessFlags } from './flags.ts';

/** Snapshots by their paths, and those of directories by their names. Fails at the first that is not sound. */
export async function snapshotSources(paths: readonly string[]): Promise<Result<SourceFile[]>> {
  const sources: SourceFile[] = [];
  for (const path of paths) {
    const files = isDirectory(path) ? snapshotsIn(path) : succeed([path]);
    if (!files.ok) return files;
    for (const file of files.value) {
      const opened = await openSnapshotFile(file);
      if (!opened.ok) return opened;
      opened.value.close();
      sources.push({ name: file, path: file });
    }
  }
  return succeed(sources);
}

/**
 * Running processes, read for the first time: each process of -p is a source, and so is the control group and the machine.
 * Their snapshots are in `folder`.
 */
export async function liveSources(
  flags: ProcessFlags,
  folder: string,
  options: CaptureOptions,
): Promise<Result<SourceFile[]>> {
  const wanted: { flags: ProcessFlags; name: (last: Process | undefined) => string }[] = [
    ...[...new Set(flags.pid)].map((pid) => ({
      flags: { pid: [pid] },
      name: (last: Process | undefined) => `${last?.command} (pid ${pid})`,
    })),
    ...(flags.cgroup === undefined
      ? []
      : [{ flags: { cgroup: flags.cgroup }, name: () => `cgroup ${flags.cgroup}` }]),
    ...(flags.all ? [{ flags: { all: true }, name: () => 'all processes' }] : []),
  ];
  const sources: SourceFile[] = [];
  for (const [index, { flags, name }] of wanted.entries()) {
    const path = join(folder, `${index}.parquet`);
    let last: Process | undefined;
    const first = await captureProcesses(flags, path, {
      ...options,
      onProcess(done, total, process) {
        last = process;
        options.onProcess?.(done, total, process);
      },
    });
    if (!first.ok) return first;
    const startTime = flags.pid ? last?.startTime : undefined;
    sources.push({
      name: name(last),
      path,
      refresh: (signal) => captureProcesses(flags, path, { signal, startTime }),
    });
  }
  return succeed(sources);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function snapshotsIn(directory: string): Result<string[]> {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    return fail('permission', `${directory}: cannot be listed: ${(error as Error).message}`);
  }
  // A capture that was killed may have left a hidden file.
  const snapshots = names.filter((name) => name.endsWith('.parquet') && !name.startsWith('.')).sort();
  if (snapshots.length > 0) return succeed(snapshots.map((name) => join(directory, name)));
  return fail('unreadable', `${directory}: no snapshot (*.parquet) in it; 'thpscope capture' writes one`);
}
