import { sum } from '../../core/base/sum.ts';
import type { CacheRange } from '../../core/memory/cache-range.ts';
import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import { cacheUnknowns, planCacheRange } from '../../core/plan/cache-plan.ts';
import { type CacheIneligible, type CacheSettings, isMappedAligned } from '../../core/rules/cache-orders.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import { CACHE_KINDS, type CachedFile, type CacheKind, kindOfName } from '../../core/rules/page-cache.ts';
import { refusalOfVma, type Vma } from '../../core/rules/vma.ts';
import type { RunPolicy } from '../ranges/verdict.ts';
import { addCacheTally, addCacheVerdict, type CacheTally, emptyCacheTally } from './cache-tally.ts';
import { settingsRefusal } from './cache-ways.ts';
import { FileMappers, ignoredRanges } from './file-mappers.ts';
import { governingOf } from './governings.ts';

/** What is predicted of one file, or of one piece of shared memory. */
export interface FilePrediction {
  readonly file: CachedFile;
  /** The processes that map it, in the order of reading. */
  readonly processes: readonly Process[];
  readonly tally: CacheTally;
}

/** A file that a VMA maps whole and aligned, whose pages could not be seen. */
export interface UnreadFile {
  readonly file: CachedFile;
  readonly why: string;
  /** RSS of the VMAs that map it. */
  readonly rssBytes: number;
}

/** What is predicted of the page cache, beside anonymous memory: totals never mix the two. */
export interface CachePrediction {
  /** Kinds of which there is any, in the order of CACHE_KINDS. */
  readonly byKind: ReadonlyMap<CacheKind, CacheTally>;
  readonly files: readonly FilePrediction[];
  /** Files that may be collapsed and could not be read. */
  readonly unread: readonly UnreadFile[];
  /**
   * RSS of shared memory that no VMA maps whole and aligned, though one is large enough, and that the
   * settings allow to be huge: started again, the kernel maps it aligned (docs/shared-memory.md).
   */
  readonly unalignedBytes: number;
  /** What it was judged by. */
  readonly governing: CacheSettings;
  /** Whether the settings of shared memory were taken for the kernel's default, for nothing says. */
  readonly assumesShmem: boolean;
}

/** Predicts the page cache from what a source hands out: VMAs first, then files and their ranges. */
export class CachePredictor {
  readonly #geometry: Geometry;
  readonly #runPolicy: RunPolicy;
  readonly #governing: CacheSettings;
  readonly #mappers = new FileMappers();
  readonly #files: FilePrediction[] = [];
  readonly #unread: UnreadFile[] = [];
  #ignored: (offset: number) => CacheIneligible | undefined = () => undefined;

  constructor(geometry: Geometry, runPolicy: RunPolicy) {
    this.#geometry = geometry;
    this.#runPolicy = runPolicy;
    this.#governing = governingOf(runPolicy, geometry);
  }

  addVma(process: Process, vma: Vma): void {
    this.#mappers.add(process, vma);
  }

  openFile(file: CachedFile): void {
    const mappers = this.#mappers.of(file);
    if (file.unread !== undefined) {
      this.#unread.push({ file, why: file.unread, rssBytes: sum(mappers.map(({ vma }) => vma.rssBytes)) });
      return;
    }
    const processes = [...new Set(mappers.map(({ process }) => process))];
    this.#files.push({ file, processes, tally: emptyCacheTally(this.#geometry) });
    this.#ignored = ignoredRanges(file, mappers, this.#governing, this.#geometry);
  }

  addRanges(ranges: readonly CacheRange[]): void {
    const open = this.#files.at(-1);
    if (!open) throw new Error('a source sent ranges of the page cache outside of a file');
    for (const range of ranges) {
      const ignored = this.#ignored(range.offset);
      const plan = ignored ? undefined : planCacheRange(range, open.file, this.#runPolicy.settings);
      const unknown = ignored ? [] : cacheUnknowns(range, open.file);
      addCacheVerdict(open.tally, { range, ignored, plan, unknown });
    }
  }

  #unalignedBytes(): number {
    const opened = new Set([...this.#files, ...this.#unread].map(({ file }) => file.id));
    const bytes = rangeBytes(this.#geometry);
    const unaligned = this.#mappers.all().filter(({ process, vma }) => {
      const { mapping, name } = vma;
      const kind = kindOfName(name);
      if (kind === undefined || opened.has(mapping.file)) return false;
      const firstWhole = Math.ceil(mapping.offset / bytes) * bytes;
      if (firstWhole + bytes > mapping.offset + (vma.end - vma.start)) return false;
      const file = { id: mapping.file, kind, name };
      if (refusalOfVma(vma, process.thpDisabled)) return false;
      if (!isMappedAligned(file, this.#governing.shmem, this.#geometry)) return false;
      return settingsRefusal(vma, file, this.#governing, this.#geometry) === undefined;
    });
    return sum(unaligned.map(({ vma }) => vma.rssBytes));
  }

  /** Undefined where the source says nothing of what VMAs map: recordings of older versions. */
  result(): CachePrediction | undefined {
    if (!this.#mappers.any) return undefined;
    const files = this.#files.filter(({ tally }) => tally.ranges > 0);
    const byKind = new Map<CacheKind, CacheTally>();
    for (const kind of CACHE_KINDS) {
      const ofKind = files.filter(({ file }) => file.kind === kind);
      if (ofKind.length === 0) continue;
      const total = emptyCacheTally(this.#geometry);
      for (const { tally } of ofKind) addCacheTally(total, tally);
      byKind.set(kind, total);
    }
    const hasShmem = files.some(({ file }) => file.kind !== 'file' && file.kind !== 'tmpfs');
    return {
      byKind,
      files,
      unread: this.#unread,
      unalignedBytes: this.#unalignedBytes(),
      governing: this.#governing,
      assumesShmem: hasShmem && this.#runPolicy.shmem === undefined,
    };
  }
}
