// A worker thread that sweeps blocks of policies: it takes the next one that no other has taken and writes
// what comes of it to its place in shared memory.
import { parentPort, workerData } from 'node:worker_threads';
import { type MemoryDigestJson, memoryDigestOfJson } from '../../analysis/digest-json.ts';
import { DigestQuery } from '../../analysis/digest-query.ts';
import { blockLength, type SweepSpace, sweepBlock, sweepBlocks } from '../../analysis/sweep.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { SHARED } from './worker-pool.ts';

export interface SweepTask {
  readonly memory: MemoryDigestJson;
  readonly geometry: Geometry;
  readonly reachPages: number;
  readonly space: SweepSpace;
  readonly counters: Int32Array;
  readonly results: SharedArrayBuffer;
}

const { memory, geometry, reachPages, space, counters, results } = workerData as SweepTask;
const digest = memoryDigestOfJson(memory, geometry, reachPages);
if (!digest.ok) throw new Error(`bug: ${digest.failure.message}`);
const query = new DigestQuery(digest.value);
const length = blockLength(space);
for (;;) {
  const block = Atomics.add(counters, SHARED.next, 1);
  if (block >= sweepBlocks(space)) break;
  sweepBlock(query, space, block, new Float64Array(results, 8 * length * block, length));
  Atomics.add(counters, SHARED.done, 1);
}
parentPort?.postMessage('done');
