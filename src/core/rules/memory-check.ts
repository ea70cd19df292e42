import { clip } from '../base/clip.ts';
import type { CacheRange } from '../memory/cache-range.ts';
import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../memory/geometry.ts';
import { impossibleOrders, impossibleRange, pageOutside } from '../memory/impossible-range.ts';
import { countPages } from '../memory/occupancy.ts';
import type { RangeState } from '../memory/range-state.ts';
import { LONGEST_TEXT } from './longest-text.ts';
import type { Process } from './memory-source.ts';
import type { CachedFile, FileMapping } from './page-cache.ts';
import { spanFrom, type Vma } from './vma.ts';

/**
 * Holds memory to what a machine can have, process by process, VMA by VMA and range by range, and then file
 * by file: readers of recordings ask it before anybody else sees what they read. Each method says what is
 * wrong, undefined if nothing is. A process, VMA or file may be opened again as long as it is the last one:
 * readers in pieces do so.
 */
export class MemoryCheck {
  readonly #geometry: Geometry;
  readonly #known = new Set<string>();
  #process: string | undefined;
  #vma: Vma | undefined;
  /** Where the next VMA and the next range may begin. */
  #nextVma = 0;
  #nextRange = 0;
  readonly #files = new Set<string>();
  #file: string | undefined;
  /** Where the next range of the file may begin. */
  #nextOffset = 0;

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
  }

  process({ pid, startTime, command, cgroup }: Process): string | undefined {
    const length = Math.max(command.length, cgroup.length);
    if (length > LONGEST_TEXT) return `process ${pid} has a name of ${length} characters`;
    if (!(isCount(pid) && isCount(startTime))) return `process ${pid} that started at ${startTime}`;
    if (this.#file !== undefined) return `process ${pid} comes behind a file`;
    const key = `${pid} ${startTime}`;
    if (key === this.#process) return undefined;
    if (this.#known.has(key)) return `process ${pid} is there twice`;
    this.#known.add(key);
    this.#process = key;
    this.#vma = undefined;
    this.#nextVma = 0;
    return undefined;
  }

  vma(vma: Vma): string | undefined {
    const { start, end, rssBytes, swapBytes } = vma;
    const name = `the VMA at 0x${start.toString(16)}`;
    const bytes = pageBytes(this.#geometry);
    if (!(start < end)) return `${name} ends before it begins, at 0x${end.toString(16)}`;
    if (start % bytes !== 0 || end % bytes !== 0) return `${name} is not of whole pages of ${bytes} bytes`;
    if (vma.name.length > LONGEST_TEXT) return `${name} has a name of ${vma.name.length} characters`;
    if (vma.mapping && !isMapping(vma.mapping, bytes)) return `${name} maps a file at ${vma.mapping.offset}`;
    if (!(rssBytes >= 0 && swapBytes >= 0)) return `${name} has less than no memory`;
    if (this.#vma?.start === start && this.#vma.end === end) return undefined;
    if (start < this.#nextVma) return `${name} begins before the one before it ends`;
    this.#vma = vma;
    this.#nextVma = end;
    this.#nextRange = 0;
    return undefined;
  }

  file({ id }: CachedFile): string | undefined {
    if (id === this.#file) return undefined;
    if (this.#files.has(id)) return `file ${clip(id)} is there twice`;
    this.#files.add(id);
    this.#file = id;
    this.#nextOffset = 0;
    return undefined;
  }

  cacheRange(range: CacheRange): string | undefined {
    const { offset, swapPages = 0, dirtyPages = 0, mappedPages = 0 } = range;
    const name = `the range at ${offset} of a file`;
    if (this.#file === undefined) return `${name} has no file`;
    if (!(offset >= 0) || offset % rangeBytes(this.#geometry) !== 0)
      return `${name} does not begin at a multiple of the PMD size`;
    if (offset < this.#nextOffset) return `${name} is there twice, or after one behind it`;
    this.#nextOffset = offset + rangeBytes(this.#geometry);
    if (![swapPages, dirtyPages, mappedPages].every(isCount)) return `${name} has less than no pages`;
    const present = countPages(range.present);
    if (present + swapPages > pagesPerRange(this.#geometry) || dirtyPages > present)
      return `${name} has ${present} pages, ${swapPages} in swap and ${dirtyPages} dirty`;
    const impossible = range.folioOrders && impossibleOrders(range.folioOrders, this.#geometry);
    return impossible === undefined ? undefined : `${name}: ${impossible}`;
  }

  range(range: RangeState): string | undefined {
    const wrong = this.#wrongRange(range);
    // Asked of every range: its name is made where it is needed.
    return wrong === undefined ? undefined : `the range at 0x${range.address.toString(16)}${wrong}`;
  }

  #wrongRange(range: RangeState): string | undefined {
    const { address } = range;
    if (!this.#vma) return ' has no VMA';
    if (address < this.#nextRange) return ' is there twice, or after one behind it';
    this.#nextRange = address + rangeBytes(this.#geometry);
    const { start, end } = this.#vma;
    if (address < start || this.#nextRange > end) {
      const span = spanFrom(this.#vma, address, this.#geometry);
      if (span.end <= 0 || span.start >= pagesPerRange(this.#geometry)) return ' lies outside of its VMA';
      const outside = pageOutside(range, span);
      if (outside !== undefined) return ` has page ${outside}, which lies outside of its VMA`;
    }
    const impossible = impossibleRange(range);
    return impossible === undefined ? undefined : `: ${impossible}`;
  }
}

function isMapping({ file, offset }: FileMapping, bytes: number): boolean {
  return file.length <= LONGEST_TEXT && offset >= 0 && offset % bytes === 0;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}
