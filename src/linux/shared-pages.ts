import { hasPage, type Occupancy } from '../core/memory/occupancy.ts';
import { type SharedRun, SharedRuns } from '../core/memory/shared-runs.ts';
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

  /** The number of a page, from 1 on, and whether it was asked for before. */
  of(frame: number): { readonly id: number; readonly repeats: boolean } {
    const number = Math.floor(frame / BLOCK);
    let block = this.#blocks.get(number);
    if (!block) this.#blocks.set(number, (block = new Uint32Array(BLOCK)));
    const index = frame - number * BLOCK;
    const repeats = block[index] !== 0;
    if (!repeats) block[index] = ++this.#last;
    return { id: block[index], repeats };
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
    const offset = page - index * rangePages;
    lists[index].add({ offset, ...numbers.of(frames[page]), mappings: mappings[page] });
  }
  return lists.map(({ runs }) => runs);
}
