import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { metricsJson } from '../../render/json/metrics.ts';
import { type Context, print, reportFailure } from '../shared/context.ts';
import { EXIT } from '../shared/exit-code.ts';
import { interruptible, untilSignal } from '../shared/interrupt.ts';
import { originField } from '../shared/memory/origin.ts';
import { checkOutput, notWritten } from '../shared/output/write-output.ts';
import type { MetricsFlags } from './command.ts';
import { listenForScrapes } from './listen.ts';
import { metricsText, readMetrics, tellNotes } from './reading.ts';
import { type MetricsSource, metricsSource } from './source.ts';
import { writeMetrics, writeMetricsAgain } from './write.ts';

/** `thpscope metrics`: memory and predictions for Prometheus; to stdout, to a file, or served. */
export async function metrics(this: Context, flags: MetricsFlags, ...words: string[]): Promise<void> {
  const { output, every, listen } = flags;
  const run = (signal: AbortSignal) => metricsAsAsked(this, flags, words, signal);
  if (listen === undefined && every === undefined)
    return interruptible(this, run, output === undefined ? undefined : notWritten(output));
  // What goes on until a signal is done when one comes.
  const ended = await untilSignal(this, () => EXIT.done, run);
  if ('done' in ended && !ended.done.ok) reportFailure(this, ended.done.failure);
}

async function metricsAsAsked(
  context: Context,
  flags: MetricsFlags,
  words: readonly string[],
  signal: AbortSignal,
): Promise<Result<void>> {
  const { output, every, listen, json } = flags;
  if (listen !== undefined && (output !== undefined || every !== undefined))
    return fail('usage', '--listen cannot be combined with -o and --every: scrapes say when to read');
  if (every !== undefined && (output === undefined || output === '-'))
    return fail('usage', '--every goes with -o FILE: it says how often to write the file');
  if (output !== undefined) {
    const free = checkOutput(context, { output, json }, [...words, ...(flags.policy ?? [])]);
    if (!free.ok) return free;
  }
  const source = await metricsSource(context, flags, words);
  if (!source.ok) return source;
  if (listen !== undefined) return listenForScrapes(source.value, listen, signal);
  if (output === undefined) return printMetrics(source.value, signal);
  if (every === undefined) return writeMetrics(source.value, output, signal);
  return writeMetricsAgain(source.value, output, every, signal);
}

async function printMetrics(source: MetricsSource, signal: AbortSignal): Promise<Result<void>> {
  const { context, flags } = source;
  const read = await readMetrics(source, signal);
  if (!read.ok) return read;
  const { families, notes, origins } = read.value;
  if (flags.json) {
    await print(context, `${JSON.stringify({ ...metricsJson(families, notes), ...originField(origins) })}\n`);
    return succeed(undefined);
  }
  tellNotes(context, notes);
  await print(context, metricsText(read.value));
  return succeed(undefined);
}
