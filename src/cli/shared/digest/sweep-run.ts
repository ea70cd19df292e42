import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { DigestQuery } from '../../../analysis/digest/digest-query.ts';
import { apartStates, type MemoryDigest } from '../../../analysis/digest/memory-digest.ts';
import { blockLength, type SweepSpace, sweepBlock, sweepBlocks } from '../../../analysis/sweep/sweep.ts';
import { threadScript } from '../../assets.ts';
import type { Context } from '../context.ts';
import { startProgress } from '../output/progress.ts';
import { timeLeft } from '../output/time-left.ts';
import { runWorkers, SHARED, sharedCounters } from '../worker-pool.ts';
import type { SweepTask } from './sweep-worker.ts';

/** Walks that are worth the start of worker threads: about a tenth of a second. */
const WALKS_FOR_WORKERS = 4000;

/**
 * The metrics of every policy of a sweep. Reading tables takes less time than starting a thread; walking the
 * ranges that are kept apart does not, and goes to workers that write into shared memory.
 */
export async function runSweep(
  context: Context,
  memory: MemoryDigest,
  space: SweepSpace,
  { workers = availableParallelism(), signal }: { readonly workers?: number; readonly signal: AbortSignal },
): Promise<Float64Array> {
  const blocks = sweepBlocks(space);
  const length = blockLength(space);
  const results = new SharedArrayBuffer(8 * length * blocks);
  const values = new Float64Array(results);
  const progress = startProgress(context);
  const left = timeLeft();
  const show = (done: number) => progress.show(done, blocks, `sets of sizes swept${left(done, blocks)}`);
  try {
    if (apartStates(memory) * blocks < WALKS_FOR_WORKERS) {
      const query = new DigestQuery(memory);
      for (let block = 0; block < blocks; block++) {
        // Gives a signal the chance to arrive.
        if (block % 16 === 0) await setImmediate();
        signal.throwIfAborted();
        sweepBlock(query, space, block, values.subarray(length * block, length * (block + 1)));
        show(block);
      }
      return values;
    }
    const counters = sharedCounters();
    const task: SweepTask = { memory, space, counters, results };
    const count = Math.max(1, Math.min(workers, blocks));
    await runWorkers(threadScript('sweep-worker'), count, task, signal, () =>
      show(Atomics.load(counters, SHARED.done)),
    );
    return values;
  } finally {
    progress.clear();
  }
}
