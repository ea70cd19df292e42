// A worker thread that sweeps blocks of policies: it takes the next one that no other has taken and writes
// what comes of it to its place in shared memory.
import { parentPort, workerData } from 'node:worker_threads';
import { DigestQuery } from '../../../analysis/digest/digest-query.ts';
import type { MemoryDigest } from '../../../analysis/digest/memory-digest.ts';
import { blockLength, type SweepSpace, sweepBlock, sweepBlocks } from '../../../analysis/sweep/sweep.ts';
import { SHARED } from '../worker-pool.ts';

export interface SweepTask {
  readonly memory: MemoryDigest;
  readonly space: SweepSpace;
  readonly counters: Int32Array;
  readonly results: SharedArrayBuffer;
}

const { memory, space, counters, results } = workerData as SweepTask;
const query = new DigestQuery(memory);
const length = blockLength(space);
for (;;) {
  const block = Atomics.add(counters, SHARED.next, 1);
  if (block >= sweepBlocks(space)) break;
  sweepBlock(query, space, block, new Float64Array(results, 8 * length * block, length));
  Atomics.add(counters, SHARED.done, 1);
}
parentPort?.postMessage('done');
