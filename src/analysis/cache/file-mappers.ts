import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import {
  CACHE_INELIGIBLE_REASONS,
  type CacheIneligible,
  type CacheSettings,
  whyNoCacheCollapse,
} from '../../core/rules/cache-orders.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import type { CachedFile, FileMapping } from '../../core/rules/page-cache.ts';
import type { Vma } from '../../core/rules/vma.ts';

/** A VMA that maps a part of a file, and whose it is. */
export interface FileMapper {
  readonly process: Process;
  readonly vma: Vma & { readonly mapping: FileMapping };
}

/** Which VMAs map which file, gathered as a source opens them: files come behind all of them. */
export class FileMappers {
  readonly #byFile = new Map<string, FileMapper[]>();

  add(process: Process, vma: Vma): void {
    if (!mapsFile(vma)) return;
    const known = this.#byFile.get(vma.mapping.file);
    if (known) known.push({ process, vma });
    else this.#byFile.set(vma.mapping.file, [{ process, vma }]);
  }

  of({ id }: Pick<CachedFile, 'id'>): readonly FileMapper[] {
    return this.#byFile.get(id) ?? [];
  }

  all(): readonly FileMapper[] {
    return [...this.#byFile.values()].flat();
  }

  /** Whether any VMA said what it maps: recordings of older versions do not. */
  get any(): boolean {
    return this.#byFile.size > 0;
  }
}

function mapsFile(vma: Vma): vma is FileMapper['vma'] {
  return vma.mapping !== undefined;
}

/** The steps of the kernel's check, in its order: the last that is reached says most. */
const STEPS = Object.keys(CACHE_INELIGIBLE_REASONS) as readonly CacheIneligible[];

/**
 * Says why khugepaged ignores ranges of a file, or that it looks at them. It does if one VMA that maps the
 * range whole may have a huge page; else the refusal that is nearest to that is told.
 */
export function ignoredRanges(
  file: CachedFile,
  mappers: readonly FileMapper[],
  governing: CacheSettings,
  geometry: Geometry,
): (offset: number) => CacheIneligible | undefined {
  const bytes = rangeBytes(geometry);
  const judged = mappers.map(({ process, vma }) => ({
    from: vma.mapping.offset,
    to: vma.mapping.offset + (vma.end - vma.start),
    why: whyNoCacheCollapse(vma, file, governing, geometry, process.thpDisabled),
  }));
  return (offset) => {
    let why: CacheIneligible = 'too-small';
    let step = -1;
    for (const each of judged) {
      if (offset < each.from || offset + bytes > each.to) continue;
      if (each.why === undefined) return undefined;
      if (STEPS.indexOf(each.why) > step) step = STEPS.indexOf((why = each.why));
    }
    return why;
  };
}
