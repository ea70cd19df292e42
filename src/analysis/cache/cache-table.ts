import type { CacheRange } from '../../core/memory/cache-range.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { wordsPerRange } from '../../core/memory/occupancy.ts';
import { isOneFolio } from '../../core/plan/cache-plan.ts';
import type { MemoryItem, Process } from '../../core/rules/memory-source.ts';
import type { CachedFile } from '../../core/rules/page-cache.ts';
import type { Vma } from '../../core/rules/vma.ts';
import type { RunPolicy } from '../ranges/verdict.ts';
import { type CachePrediction, CachePredictor } from './cache-prediction.ts';

/** Ranges that are handed to a prediction at once. */
const CHUNK = 1024;
const FIRST_CAPACITY = 256;
/** A count that is not known. */
const UNKNOWN = -1;
/** What the folio of the first page is, for a range whose folios are known. */
const [NO_FOLIOS, SMALL, HUGE] = [0, 1, 2];

interface TableFile {
  readonly file: CachedFile;
  /** Its ranges: rows from here up to the next file's. */
  readonly first: number;
}

/**
 * All PMD ranges of the page cache of some memory, in columns, for one prediction after the other. A range
 * of 512 pages takes 81 bytes: of folios only what a collapse asks is kept, whether there is one of the PMD
 * size.
 */
export class CacheTable {
  readonly #geometry: Geometry;
  readonly #words: number;
  readonly #mappings: { readonly process: Process; readonly vma: Vma }[] = [];
  readonly #files: TableFile[] = [];
  readonly #small: Uint8Array;
  readonly #huge: Uint8Array;
  #process: Process | undefined;
  #rows = 0;
  #offsets = new Float64Array(FIRST_CAPACITY);
  #present: Uint32Array;
  #folios = new Uint8Array(FIRST_CAPACITY);
  #swapPages = new Int16Array(FIRST_CAPACITY);
  #dirtyPages = new Int16Array(FIRST_CAPACITY);
  #mappedPages = new Int32Array(FIRST_CAPACITY);

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
    this.#words = wordsPerRange(geometry);
    this.#present = new Uint32Array(FIRST_CAPACITY * this.#words);
    this.#small = new Uint8Array(pagesPerRange(geometry));
    this.#huge = new Uint8Array(pagesPerRange(geometry)).fill(geometry.pmdOrder);
  }

  add(item: MemoryItem): void {
    switch (item.kind) {
      case 'process':
        this.#process = item.process;
        break;
      case 'vma':
        if (item.vma.mapping && this.#process) this.#mappings.push({ process: this.#process, vma: item.vma });
        break;
      case 'file':
        this.#files.push({ file: item.file, first: this.#rows });
        break;
      case 'cache-ranges':
        for (const range of item.ranges) this.#push(range);
        break;
      default:
    }
  }

  /** What a policy does to it; undefined where the source says nothing of what VMAs map. */
  predict(runPolicy: RunPolicy): CachePrediction | undefined {
    const predictor = new CachePredictor(this.#geometry, runPolicy);
    for (const { process, vma } of this.#mappings) predictor.addVma(process, vma);
    for (const [index, { file, first }] of this.#files.entries()) {
      predictor.openFile(file);
      const end = this.#files[index + 1]?.first ?? this.#rows;
      for (let row = first; row < end; row += CHUNK)
        predictor.addRanges(
          Array.from({ length: Math.min(CHUNK, end - row) }, (_, i) => this.#range(row + i)),
        );
    }
    return predictor.result();
  }

  #push(range: CacheRange): void {
    if (this.#rows === this.#offsets.length) this.#grow();
    const row = this.#rows++;
    const { offset, present, swapPages, dirtyPages, mappedPages } = range;
    this.#offsets[row] = offset;
    this.#present.set(present, row * this.#words);
    this.#folios[row] = range.folioOrders ? (isOneFolio(range) ? HUGE : SMALL) : NO_FOLIOS;
    this.#swapPages[row] = swapPages ?? UNKNOWN;
    this.#dirtyPages[row] = dirtyPages ?? UNKNOWN;
    this.#mappedPages[row] = mappedPages ?? UNKNOWN;
  }

  #range(row: number): CacheRange {
    const folios = this.#folios[row];
    return {
      geometry: this.#geometry,
      offset: this.#offsets[row],
      present: this.#present.subarray(row * this.#words, (row + 1) * this.#words),
      folioOrders: folios === NO_FOLIOS ? undefined : folios === HUGE ? this.#huge : this.#small,
      swapPages: known(this.#swapPages[row]),
      dirtyPages: known(this.#dirtyPages[row]),
      mappedPages: known(this.#mappedPages[row]),
    };
  }

  #grow(): void {
    const rows = 2 * this.#offsets.length;
    this.#offsets = grown(this.#offsets, new Float64Array(rows));
    this.#present = grown(this.#present, new Uint32Array(rows * this.#words));
    this.#folios = grown(this.#folios, new Uint8Array(rows));
    this.#swapPages = grown(this.#swapPages, new Int16Array(rows));
    this.#dirtyPages = grown(this.#dirtyPages, new Int16Array(rows));
    this.#mappedPages = grown(this.#mappedPages, new Int32Array(rows));
  }
}

function known(count: number): number | undefined {
  return count === UNKNOWN ? undefined : count;
}

function grown<T extends { set(from: T): void }>(from: T, into: T): T {
  into.set(from);
  return into;
}
