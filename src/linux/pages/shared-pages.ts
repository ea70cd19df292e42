import { hasPage, type Occupancy } from '../../core/memory/occupancy.ts';
import { type SharedRun, SharedRuns } from '../../core/memory/shared-runs.ts';
import type { PageFlags } from './page-flags.ts';
import { frameNumber } from './pagemap.ts';

/** Frames whose numbers are kept together: those of a folio lie side by side. */
const BLOCK = 512;

/**
 * Numbers the pages that processes share in the order in which they are first seen, so that recordings hold
 * no physical address and the pages of a process mostly count up. Memory grows with what is shared.
 */
export class PageNumbers {
  readonly #blocks = new Map<number, Uint32Array>();
  #last = 0;
  /** Frames that got a number since `keep`. */
  readonly #open: number[] = [];

  /** The largest number so far. */
  get last(): number {
    return this.#last;
  }

  /** The number of a page, from 1 on; a page that was asked for before keeps its own. */
  of(frame: number): number {
    const number = Math.floor(frame / BLOCK);
    let block = this.#blocks.get(number);
    if (!block) this.#blocks.set(number, (block = new Uint32Array(BLOCK)));
    const index = frame - number * BLOCK;
    if (block[index] === 0) {
      block[index] = ++this.#last;
      this.#open.push(frame);
    }
    return block[index];
  }

  /** What was numbered so far was seen. */
  keep(): void {
    this.#open.length = 0;
  }

  /** Takes back the numbers given since `keep`: the same is read again. */
  forget(): void {
    for (const frame of this.#open) {
      const block = this.#blocks.get(Math.floor(frame / BLOCK));
      if (block) block[frame % BLOCK] = 0;
    }
    this.#last -= this.#open.length;
    this.keep();
  }
}

/**
 * Runs of the shared pages of a chunk, a list a range. `entries` are its pagemap entries with frame numbers.
 * Throws KernelReadError.
 */
export function readSharedRuns(
  { entries, shared, ranges }: { entries: Int32Array; shared: Occupancy; ranges: number },
  pageFlags: PageFlags,
  numbers: PageNumbers,
): SharedRun[][] {
  const pages = entries.length / 2;
  const frames = new Float64Array(pages);
  for (let page = 0; page < pages; page++)
    if (hasPage(shared, page)) frames[page] = frameNumber(entries[2 * page], entries[2 * page + 1]);
  const mappings = pageFlags.mappingsOfFrames(frames);
  const lists = Array.from({ length: ranges }, () => new SharedRuns());
  const rangePages = pages / ranges;
  for (let page = 0; page < pages; page++) {
    if (frames[page] === 0) continue;
    const index = Math.floor(page / rangePages);
    const { last } = numbers;
    const id = numbers.of(frames[page]);
    lists[index].add(page - index * rangePages, id, mappings[page], id <= last);
  }
  return lists.map(({ runs }) => runs);
}
