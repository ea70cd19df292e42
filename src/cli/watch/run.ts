import { setTimeout as sleep } from 'node:timers/promises';
import type { WatchReport } from '../../analysis/watch/report.ts';
import { parseDuration } from '../../core/base/duration.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { readHost } from '../../linux/machine/host.ts';
import { type Context, reportFailure, warn } from '../shared/context.ts';
import { EXIT, exitCodeOfSignal } from '../shared/exit-code.ts';
import { commandInputs, type WithPolicyFile } from '../shared/input/command-inputs.ts';
import { untilSignal } from '../shared/interrupt.ts';
import { liveOrigin } from '../shared/memory/origin.ts';
import { checkOneSource } from '../shared/memory/source.ts';
import { checkOutput } from '../shared/output/write-output.ts';
import { writeWatchedCalibration } from './calibration.ts';
import type { WatchFlags } from './command.ts';
import { Foretelling } from './foretelling.ts';
import { Observer } from './observer.ts';
import { type Teller, tellerFor } from './teller.ts';
import { openTrace } from './trace.ts';
import { WatchedProcesses } from './watched-processes.ts';

/** Between two times that trace events are taken from the kernel. */
const TAKE_MS = 500;
/** How long the last reading and the summary may take after Ctrl-C; a second one ends it at once. */
const END_MS = 5000;
const SHORTEST_MS = 100;
/** Timers know no longer times. */
const LONGEST_MS = 24 * 86_400_000;

/** `thpscope watch`: what khugepaged and page faults do, and what comes true of a prediction. */
export async function watch(this: Context, flags: WatchFlags): Promise<void> {
  // What goes on until a signal is done when one comes, but for a file that was not written.
  const exitCode = (signal: NodeJS.Signals) =>
    flags.calibrate === undefined ? EXIT.done : exitCodeOfSignal(signal);
  const ended = await untilSignal(this, exitCode, (signal) => watchAsAsked(this, flags, signal), END_MS);
  if ('done' in ended && !ended.done.ok) reportFailure(this, ended.done.failure);
}

async function watchAsAsked(context: Context, flags: WatchFlags, signal: AbortSignal): Promise<Result<void>> {
  const source = checkOneSource(flags, []);
  if (!source.ok) return source;
  const everyMs = durationMs('--every', flags.every);
  if (!everyMs.ok) return everyMs;
  const forMs = flags.for === undefined ? succeed(undefined) : durationMs('--for', flags.for);
  if (!forMs.ok) return forMs;
  if (flags.calibrate !== undefined) {
    const free = checkOutput(context, { output: flags.calibrate, json: flags.json }, []);
    if (!free.ok) return free;
  }
  const inputs = await commandInputs(context, flags, []);
  if (!inputs.ok) return inputs;
  const tree = new KernelTree(context.kernelRoot);
  const host = readHost(tree, new Date());
  if (!host.ok) return host;
  if (!host.value.counters)
    return fail(
      'unsupported',
      'this kernel counts nothing about huge pages, or the counters may not be read',
    );
  const processes = new WatchedProcesses(tree, flags);
  const trace = openTrace(tree, processes);
  const close = () => trace.ok && trace.value.events.close();
  context.process.once('exit', close);
  try {
    if (!trace.ok && flags.calibrate !== undefined) return trace;
    const foretelling = await startForetelling(context, inputs.value.flags, signal);
    if (!foretelling.ok) return foretelling;
    for (const note of new Set(foretelling.value?.notes ?? [])) warn(context, note);
    if (!trace.ok) warn(context, `counters only, no trace events: ${trace.failure.message}`);
    const observer = new Observer({
      tree,
      host: foretelling.value?.host ?? host.value,
      processes,
      foretelling: foretelling.value,
      trace: trace.ok ? trace.value : undefined,
      isTimed: flags.calibrate !== undefined,
    });
    const teller = tellerFor(context, flags, {
      host: host.value,
      origins: foretelling.value?.origins ?? [liveOrigin(flags, host.value)],
      everyMs: everyMs.value,
      traced: trace.ok ? trace.value.events.traced : undefined,
      policy: foretelling.value?.policy,
    });
    await teller.start();
    const last = await observe(observer, teller, processes, foretelling.value, {
      everyMs: everyMs.value,
      forMs: forMs.value,
      signal,
    });
    await teller.end(last);
    if (flags.calibrate === undefined) return succeed(undefined);
    return await writeWatchedCalibration(context, flags.calibrate, observer.timing, host.value);
  } finally {
    close();
    context.process.removeListener('exit', close);
  }
}

/** What is predicted; undefined where the memory may not be read, which is said. */
async function startForetelling(
  context: Context,
  flags: WithPolicyFile<WatchFlags>,
  signal: AbortSignal,
): Promise<Result<Foretelling | undefined>> {
  const started = await Foretelling.start(context, flags, signal);
  if (started.ok) return started;
  if (started.failure.kind !== 'permission') return started;
  warn(context, `nothing is predicted: ${started.failure.message}`);
  return succeed(undefined);
}

interface Period {
  readonly everyMs: number;
  readonly forMs: number | undefined;
  readonly signal: AbortSignal;
}

/** Tells each interval until the end; returns the last report, which is still to be told. */
async function observe(
  observer: Observer,
  teller: Teller,
  processes: WatchedProcesses,
  foretelling: Foretelling | undefined,
  { everyMs, forMs, signal }: Period,
): Promise<WatchReport> {
  const startMs = performance.now();
  const endMs = forMs === undefined ? Number.POSITIVE_INFINITY : startMs + forMs;
  const taking = setInterval(() => observer.takeEvents(), Math.min(TAKE_MS, everyMs));
  try {
    for (let nextMs = startMs + everyMs; nextMs < endMs && !signal.aborted; ) {
      await pause(nextMs - performance.now(), signal);
      if (signal.aborted) break;
      if (foretelling?.isDue) await readAgain(foretelling, signal);
      const report = observer.report();
      await teller.tell(report);
      if (processes.allEnded) break;
      while (nextMs <= performance.now()) nextMs += everyMs;
    }
    if (!signal.aborted && !processes.allEnded) await pause(endMs - performance.now(), signal);
    // Whoever pressed Ctrl-C does not wait for long.
    if (foretelling && (!signal.aborted || foretelling.isQuick)) await foretelling.readAgain();
  } finally {
    clearInterval(taking);
  }
  return observer.report();
}

/** A reading that a signal ends, or that fails, leaves the one before it. */
async function readAgain(foretelling: Foretelling, signal: AbortSignal): Promise<void> {
  try {
    await foretelling.readAgain(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
}

function durationMs(flag: string, text: string): Result<number> {
  const ms = (parseDuration(text) ?? 0) / 1e6;
  if (ms >= SHORTEST_MS && ms <= LONGEST_MS) return succeed(ms);
  return fail('usage', `${flag} ${text}: write a time from ${SHORTEST_MS}ms to 24d, such as 1s or 10m`);
}
