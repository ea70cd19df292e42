import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import type { MemoryDigest } from '../../src/analysis/digest/memory-digest.ts';
import { blockLength, type SweepSpace, sweepBlock, sweepBlocks } from '../../src/analysis/sweep/sweep.ts';

/** The metrics of every policy of a space, block after block. */
export function sweepAll(memory: MemoryDigest, space: SweepSpace): Float64Array {
  const query = new DigestQuery(memory);
  const length = blockLength(space);
  const values = new Float64Array(length * sweepBlocks(space));
  for (let block = 0; block < sweepBlocks(space); block++)
    sweepBlock(query, space, block, values.subarray(block * length, (block + 1) * length));
  return values;
}
