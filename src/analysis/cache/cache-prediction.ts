import type { CacheRange } from '../../core/memory/cache-range.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { cacheUnknowns, planCacheRange } from '../../core/plan/cache-plan.ts';
import type { CacheIneligible, CacheSettings } from '../../core/rules/cache-orders.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import type { CachedFile, CacheKind } from '../../core/rules/page-cache.ts';
import { defaultShmemSettings } from '../../core/rules/shmem-settings.ts';
import type { Vma } from '../../core/rules/vma.ts';
import type { RunPolicy } from '../verdict.ts';
import { addCacheTally, addCacheVerdict, type CacheTally, emptyCacheTally } from './cache-tally.ts';
import { FileMappers, ignoredRanges } from './file-mappers.ts';

/** What is predicted of one file, or of one piece of shared memory. */
export interface FilePrediction {
  readonly file: CachedFile;
  /** The processes that map it, in the order of reading. */
  readonly processes: readonly Process[];
  readonly tally: CacheTally;
}

/** What is predicted of the page cache, beside anonymous memory: totals never mix the two. */
export interface CachePrediction {
  readonly byKind: ReadonlyMap<CacheKind, CacheTally>;
  readonly files: readonly FilePrediction[];
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
  #ignored: (offset: number) => CacheIneligible | undefined = () => undefined;

  constructor(geometry: Geometry, runPolicy: RunPolicy) {
    this.#geometry = geometry;
    this.#runPolicy = runPolicy;
    const { settings, shmem = defaultShmemSettings(geometry) } = runPolicy;
    this.#governing = { settings, shmem };
  }

  addVma(process: Process, vma: Vma): void {
    this.#mappers.add(process, vma);
  }

  openFile(file: CachedFile): void {
    const mappers = this.#mappers.of(file);
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

  /** Undefined where the source says nothing of what VMAs map: recordings of older versions. */
  result(): CachePrediction | undefined {
    if (!this.#mappers.any) return undefined;
    const files = this.#files.filter(({ tally }) => tally.ranges > 0);
    const byKind = new Map<CacheKind, CacheTally>();
    for (const { file, tally } of files) {
      const total = byKind.get(file.kind) ?? emptyCacheTally(this.#geometry);
      addCacheTally(total, tally);
      byKind.set(file.kind, total);
    }
    const hasShmem = files.some(({ file }) => file.kind !== 'file' && file.kind !== 'tmpfs');
    return { byKind, files, assumesShmem: hasShmem && this.#runPolicy.shmem === undefined };
  }
}
