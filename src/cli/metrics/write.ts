import { promises as timers } from 'node:timers';
import { formatBytes } from '../../core/base/bytes.ts';
import { parseDuration } from '../../core/base/duration.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { plural } from '../../core/base/plural.ts';
import { metricsJson } from '../../render/json/metrics.ts';
import { seriesIn } from '../../render/metrics/exposition.ts';
import { print, warn } from '../shared/context.ts';
import { originField } from '../shared/memory/origin.ts';
import { outputName, writeOutput } from '../shared/output/write-output.ts';
import { type MetricsReading, metricsText, readMetrics, tellNotes } from './reading.ts';
import type { MetricsSource } from './source.ts';

/** What timers can wait. */
const MOST_NS = 2_000_000e9;

/** Writes the metrics to a file for the textfile collector, and says so. */
export async function writeMetrics(
  source: MetricsSource,
  output: string,
  signal: AbortSignal,
): Promise<Result<void>> {
  const written = await writeReading(source, output, signal);
  if (!written.ok) return written;
  const { families, notes, origins, bytes } = written.value;
  const { context, flags } = source;
  if (flags.json) {
    const json = { ...metricsJson(families, notes, { file: output, bytes }), ...originField(origins) };
    await print(context, `${JSON.stringify(json)}\n`);
    return succeed(undefined);
  }
  tellNotes(context, notes);
  warn(context, writtenLine(output, written.value));
  return succeed(undefined);
}

/**
 * Writes the file again and again until the signal. The first failure ends it; those that come later are
 * told, and the next reading may do better: the file is as old as it says meanwhile.
 */
export async function writeMetricsAgain(
  source: MetricsSource,
  output: string,
  every: string,
  signal: AbortSignal,
): Promise<Result<void>> {
  const { context, flags } = source;
  if (flags.json) return fail('usage', '--json goes with one reading: leave out --every');
  const ns = parseDuration(every);
  if (ns === undefined || ns < 1e9 || ns > MOST_NS)
    return fail('usage', `--every ${every}: write how often, from 1s to 23d, such as 5m`);
  const told = new Set<string>();
  for (let first = true; ; first = false) {
    const written = await writeReading(source, output, signal);
    if (!written.ok && first) return written;
    if (!written.ok) warn(context, `${written.failure.message}; trying again in ${every}`);
    else tellNotes(context, written.value.notes, told);
    if (written.ok && first) warn(context, `${writtenLine(output, written.value)}, and again every ${every}`);
    await timers.setTimeout(ns / 1e6, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function writeReading(
  source: MetricsSource,
  output: string,
  signal: AbortSignal,
): Promise<Result<MetricsReading & { readonly bytes: number }>> {
  const read = await readMetrics(source, signal);
  if (!read.ok) return read;
  // node_exporter is another user.
  const written = await writeOutput(source.context, output, metricsText(read.value), 'umask');
  return written.ok ? succeed({ ...read.value, bytes: written.value }) : written;
}

function writtenLine(
  output: string,
  { families, bytes }: MetricsReading & { readonly bytes: number },
): string {
  return `wrote ${outputName(output)}: ${plural(seriesIn(families), 'series', 'series')}, ${formatBytes(bytes)}`;
}
