import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { seriesJson } from '../../render/json/series.ts';
import type { SourceFacts } from '../../server/app.ts';
import type { SeriesFolder, SourceFile } from '../../server/listen.ts';
import { openSnapshotFile } from '../../snapshot/file.ts';
import { seriesFiles } from '../../snapshot/series.ts';
import type { Context } from '../shared/context.ts';
import type { ProcessFlags } from '../shared/flags/source-flags.ts';
import { inputFile } from '../shared/input/command-inputs.ts';
import { checkNamedOnce } from '../shared/input/standard-input.ts';
import { type Captured, type CaptureOptions, captureProcesses } from '../shared/memory/capture-processes.ts';
import { originField } from '../shared/memory/origin.ts';
import { readSeries } from '../shared/memory/read-series.ts';

/**
 * Snapshots by their paths, and those of directories by their names. Fails at the first that is not sound.
 */
export async function snapshotSources(
  context: Context,
  words: readonly string[],
): Promise<Result<SourceFile[]>> {
  const once = checkNamedOnce(words);
  if (!once.ok) return once;
  const sources: SourceFile[] = [];
  for (const word of words) {
    const names = isDirectory(word) ? snapshotsIn(word) : succeed([word]);
    if (!names.ok) return names;
    for (const each of names.value) {
      const file = await inputFile(context, each);
      if (!file.ok) return file;
      const { path, name } = file.value;
      const opened = await openSnapshotFile(path, name);
      if (!opened.ok) return opened;
      const { host, rows } = opened.value;
      opened.value.close();
      sources.push({ name, path, facts: { host: host.name, time: host.time, ranges: rows } });
    }
  }
  return succeed(sources);
}

/** The folders among some words that hold several snapshots of a series, which are among the files. */
export async function seriesFolders(
  context: Context,
  words: readonly string[],
  files: readonly SourceFile[],
): Promise<SeriesFolder[]> {
  const folders: SeriesFolder[] = [];
  for (const name of words.filter(isDirectory)) {
    const paths = await seriesFiles(name);
    if (!paths.ok || paths.value.length < 2) continue;
    const places = paths.value.map((path) => files.findIndex((file) => file.path === path));
    const read = async () => {
      const series = await readSeries(context, name);
      if (!series.ok) return series;
      const { origins, ...view } = series.value;
      return succeed(JSON.stringify({ ...seriesJson(view), ...originField(origins) }));
    };
    folders.push({ name, files: places, read });
  }
  return folders;
}

/**
 * Running processes, read for the first time: each process of -p is a source, and so is the control group and
 * the machine. Their snapshots are in `folder`.
 */
export async function liveSources(
  context: Context,
  { pid: pids = [], cgroup, all, budget }: ProcessFlags,
  folder: string,
  options: CaptureOptions,
): Promise<Result<SourceFile[]>> {
  const sources: SourceFile[] = [];
  const pathOf = () => join(folder, `${sources.length}.parquet`);
  for (const pid of new Set(pids)) {
    const source = await processSource(context, pid, pathOf(), options);
    if (!source.ok) return source;
    sources.push(source.value);
  }
  const groups: { name: string; flags: ProcessFlags }[] = [];
  if (cgroup !== undefined) groups.push({ name: `cgroup ${cgroup}`, flags: { cgroup, budget } });
  if (all) groups.push({ name: 'all processes', flags: { all, budget } });
  for (const { name, flags } of groups) {
    const path = pathOf();
    const first = await captureProcesses(context, flags, path, options);
    if (!first.ok) return first;
    const { periodMs } = options;
    const refresh = (signal: AbortSignal) => captureProcesses(context, flags, path, { signal, periodMs });
    sources.push({ name, path, facts: factsOf(first.value), refresh });
  }
  return succeed(sources);
}

/** One process, for as long as it runs; another one that gets its pid later is not meant. */
async function processSource(
  context: Context,
  pid: number,
  path: string,
  options: CaptureOptions,
): Promise<Result<SourceFile>> {
  const first = await captureProcesses(context, { pid: [pid] }, path, options);
  if (!first.ok) return first;
  const [{ command, startTime }] = first.value.processes;
  return succeed({
    name: `${command} (pid ${pid})`,
    path,
    facts: factsOf(first.value),
    async refresh(signal) {
      const again = await captureProcesses(context, { pid: [pid] }, path, { signal, startTime });
      if (again.ok || again.failure.kind !== 'unreadable') return again;
      return fail('unreadable', `process ${pid} (${command}) has ended`);
    },
  });
}

function factsOf({ origins: [{ host = '', time }], ranges }: Captured): SourceFacts {
  return { host, time, ranges };
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
