import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import type { MemoryDigest } from '../../src/analysis/digest/memory-digest.ts';
import { blockLength, type SweepSpace, sweepBlock } from '../../src/analysis/sweep/sweep.ts';

/** Sweeps blocks of policies for another: a worker, or a thread of its own in tests. */
export interface BlockSweeper {
  /** What the next blocks are of: in place of what they were of before. */
  begin(memory: MemoryDigest, space: SweepSpace): Promise<void>;
  /** The metrics of the policies of blocks from `first` up to `end`. */
  sweep(first: number, end: number): Promise<Float64Array>;
}

/** Sweeps blocks right here. */
export class LocalBlocks implements BlockSweeper {
  #of: { readonly query: DigestQuery; readonly space: SweepSpace } | undefined;

  async begin(memory: MemoryDigest, space: SweepSpace): Promise<void> {
    this.#of = { query: new DigestQuery(memory), space };
  }

  async sweep(first: number, end: number): Promise<Float64Array> {
    if (!this.#of) throw new Error('no sweep was begun');
    const { query, space } = this.#of;
    return sweepBlocksOf(query, space, first, end);
  }
}

/** The metrics of the policies of blocks from `first` up to `end`. */
export function sweepBlocksOf(
  query: DigestQuery,
  space: SweepSpace,
  first: number,
  end: number,
): Float64Array {
  const length = blockLength(space);
  const into = new Float64Array(length * (end - first));
  for (let block = first; block < end; block++)
    sweepBlock(query, space, block, into.subarray(length * (block - first), length * (block - first + 1)));
  return into;
}
