import { join } from 'node:path';
import { formatBytes, parseBytes } from '../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { plural } from '../../core/base/plural.ts';
import { type SeriesBound, seriesFiles, seriesName, trimSeries } from '../../snapshot/series.ts';
import { type Context, print, warn } from '../shared/context.ts';
import { parsePeriod, readEvery } from '../shared/flags/period.ts';
import { interruptible } from '../shared/interrupt.ts';
import { captureProcesses } from '../shared/memory/capture-processes.ts';
import { originField } from '../shared/memory/origin.ts';
import { startProgress } from '../shared/output/progress.ts';
import { checkOutput, notWritten, outputName } from '../shared/output/write-output.ts';
import type { CaptureFlags } from './command.ts';

/** What a series takes on the disk by default. */
const SERIES_BYTES = 10 * 2 ** 30;

/** `thpscope capture`: a snapshot of live processes, or one in each period. */
export async function capture(this: Context, flags: CaptureFlags): Promise<void> {
  const said =
    flags.every === undefined
      ? notWritten(flags.output)
      : 'interrupted; what was written until then is whole';
  await interruptible(this, (signal) => captureFromFlags(this, flags, signal), said);
}

async function captureFromFlags(
  context: Context,
  flags: CaptureFlags,
  signal: AbortSignal,
): Promise<Result<void>> {
  const given = [(flags.pid?.length ?? 0) > 0, flags.cgroup !== undefined, flags.all].filter(Boolean).length;
  if (given !== 1)
    return fail('usage', 'capture reads live processes: give one of -p PID, --cgroup PATH and --all');
  const period = parsePeriod(flags.every);
  if (!period.ok) return period;
  const periodMs = period.value;
  if (periodMs !== undefined) return captureSeries(context, flags, periodMs, signal);
  if (flags.keep !== undefined)
    return fail('usage', '--keep bounds a series: give --every TIME, or leave it out');
  const checked = checkOutput(context, flags, []);
  if (!checked.ok) return checked;
  return captureTo(context, flags, flags.output, signal, undefined);
}

/** A snapshot in each period, in a folder that is kept within its bound. */
async function captureSeries(
  context: Context,
  flags: CaptureFlags,
  periodMs: number,
  signal: AbortSignal,
): Promise<Result<void>> {
  const bound = parseBound(flags.keep);
  if (!bound.ok) return bound;
  const folder = await seriesFiles(flags.output);
  if (!folder.ok) return folder;
  return readEvery(context, periodMs, signal, async () => {
    const path = join(flags.output, seriesName(new Date()));
    const written = await captureTo(context, flags, path, signal, periodMs);
    if (!written.ok) return written;
    const removed = await trimSeries(flags.output, bound.value);
    return removed.ok ? succeed(undefined) : removed;
  });
}

function parseBound(keep: string | undefined): Result<SeriesBound> {
  if (keep === undefined) return succeed({ bytes: SERIES_BYTES });
  if (/^[1-9]\d{0,8}$/.test(keep)) return succeed({ files: Number(keep) });
  const bytes = parseBytes(keep);
  if (bytes !== undefined && bytes > 0) return succeed({ bytes });
  return fail('usage', `--keep ${keep}: write a number of snapshots, such as 1000, or a size, such as 5G`);
}

async function captureTo(
  context: Context,
  flags: CaptureFlags,
  path: string,
  signal: AbortSignal,
  periodMs: number | undefined,
): Promise<Result<void>> {
  const { redact } = flags;
  const progress = startProgress(context);
  const written = await captureProcesses(context, flags, path, { redact, signal, progress, periodMs });
  if (!written.ok) return written;
  const { ranges, bytes, messages, origins } = written.value;
  const processes = written.value.processes.length;
  if (flags.json) {
    const counts = { processes, ranges, bytes, messages };
    const report = { schema: 'thpscope/capture@1', file: path, ...counts, ...originField(origins) };
    await print(context, `${JSON.stringify(report)}\n`);
    return succeed(undefined);
  }
  for (const message of messages) warn(context, message);
  warn(
    context,
    `wrote ${outputName(path)}: ${plural(processes, 'process', 'processes')}, ${ranges} PMD ranges, ${formatBytes(bytes)}`,
  );
  return succeed(undefined);
}
