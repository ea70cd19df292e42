import { promises as timers } from 'node:timers';
import { parseDuration } from '../../core/base/duration.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { countPageWalks } from '../../linux/machine/page-walks.ts';
import { loadPerfCounters } from '../../linux/machine/perf-counters.ts';
import type { MeasuredWalks } from '../../render/words/advise/measured-walks.ts';
import type { Context } from '../shared/context.ts';

/** Longer is not meant: it is asked for in a command that waits. */
const MOST_NS = 3600e9;

/** How long `--measure` watches, in nanoseconds; undefined where it is not given. */
export function measureTime(text: string | undefined, files: readonly string[]): Result<number | undefined> {
  if (text === undefined) return succeed(undefined);
  if (files.length > 0)
    return fail(
      'usage',
      '--measure: page walks are counted of processes that run; give -p, --cgroup or --all',
    );
  const ns = parseDuration(text);
  if (ns === undefined || ns < 1e6 || ns > MOST_NS)
    return fail('usage', `--measure ${text}: write how long, from 1ms to 1h, such as 10s`);
  return succeed(ns);
}

/** Counts the page walks of processes for so long. */
export async function measureWalks(
  { kernelRoot }: Context,
  pids: readonly number[],
  ns: number,
  signal: AbortSignal,
): Promise<MeasuredWalks> {
  const wait = async () => {
    await timers.setTimeout(ns / 1e6, undefined, { signal }).catch(() => signal.throwIfAborted());
  };
  const tree = new KernelTree(kernelRoot);
  // Counters are those of the kernel that runs.
  const open = tree.isRunning ? await loadPerfCounters() : undefined;
  return { ns, counted: await countPageWalks(tree, pids, open, wait) };
}
