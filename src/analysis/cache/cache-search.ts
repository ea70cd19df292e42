import type { CacheRange } from '../../core/memory/cache-range.ts';
import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import type { MemoryItem, Process } from '../../core/rules/memory-source.ts';
import type { CachedFile } from '../../core/rules/page-cache.ts';
import { type FileMapper, FileMappers } from './file-mappers.ts';

/** A PMD range of a file that is mapped at an address. */
export interface FoundCacheRange {
  /** The first VMA that holds the address. */
  readonly asked: FileMapper;
  /** Other VMAs that map any page of the range, in the order of reading. */
  readonly others: readonly FileMapper[];
  /** Where in the file the range begins: a multiple of the PMD size. */
  readonly offset: number;
  /** Undefined where the source says nothing of the file. */
  readonly file: CachedFile | undefined;
  /** Undefined where the source sent no such range: it has no page in memory, or was not read. */
  readonly range: CacheRange | undefined;
}

/**
 * Finds, in all that a source hands out, the range of the page cache that is mapped at an address; of the
 * START-END of a VMA its first whole range with pages.
 */
export class CacheRangeSearch {
  readonly #start: number;
  readonly #end: number | undefined;
  readonly #bytes: number;
  readonly #mappers = new FileMappers();
  #process: Process | undefined;
  #asked: FileMapper | undefined;
  #open: CachedFile | undefined;
  #file: CachedFile | undefined;
  #range: CacheRange | undefined;

  constructor(start: number, end: number | undefined, geometry: Geometry) {
    this.#start = start;
    this.#end = end;
    this.#bytes = rangeBytes(geometry);
  }

  add(item: MemoryItem): void {
    if (item.kind === 'process') this.#process = item.process;
    if (item.kind === 'vma' && this.#process) {
      this.#mappers.add(this.#process, item.vma);
      const { vma } = item;
      if (vma.mapping && vma.start <= this.#start && this.#start < vma.end)
        this.#asked ??= { process: this.#process, vma: { ...vma, mapping: vma.mapping } };
    }
    if (item.kind === 'file') this.#open = item.file;
    if (!this.#asked || this.#open?.id !== this.#asked.vma.mapping.file) return;
    this.#file = this.#open;
    if (item.kind === 'cache-ranges') this.#range ??= item.ranges.find(({ offset }) => this.#isAsked(offset));
  }

  /** Undefined where no VMA that maps a file holds the address. */
  found(): FoundCacheRange | undefined {
    if (!this.#asked) return undefined;
    const { vma } = this.#asked;
    const offset =
      this.#range?.offset ?? (this.#end === undefined ? this.#askedOffset() : this.#firstWhole());
    const isMapped = ({ vma: { start, end, mapping } }: FileMapper) =>
      mapping.offset < offset + this.#bytes && offset < mapping.offset + (end - start);
    const others = this.#mappers.of({ id: vma.mapping.file }).filter((each) => isMapped(each));
    return {
      asked: this.#asked,
      others: distinct(others).filter((each) => !isSame(each, this.#asked)),
      offset,
      file: this.#file,
      range: this.#range,
    };
  }

  #isAsked(offset: number): boolean {
    if (this.#end === undefined) return offset === this.#askedOffset();
    const { start, end, mapping } = (this.#asked as FileMapper).vma;
    return mapping.offset <= offset && offset + this.#bytes <= mapping.offset + (end - start);
  }

  #askedOffset(): number {
    const { start, mapping } = (this.#asked as FileMapper).vma;
    return Math.floor((mapping.offset + this.#start - start) / this.#bytes) * this.#bytes;
  }

  /** The first range that the VMA maps whole; of one that maps none the one in which it begins. */
  #firstWhole(): number {
    const { start, end, mapping } = (this.#asked as FileMapper).vma;
    const first = Math.ceil(mapping.offset / this.#bytes) * this.#bytes;
    return first + this.#bytes <= mapping.offset + (end - start) ? first : this.#askedOffset();
  }
}

/** A source may hand out a VMA twice: those around an address come first. */
function distinct(mappers: readonly FileMapper[]): FileMapper[] {
  return mappers.filter((each, i) => mappers.findIndex((other) => isSame(each, other)) === i);
}

function isSame(a: FileMapper, b: FileMapper | undefined): boolean {
  return (
    a.process.pid === b?.process.pid &&
    a.process.recording === b.process.recording &&
    a.vma.start === b.vma.start
  );
}
