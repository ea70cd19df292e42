import { type Geometry, pagesPerRange, rangeBytes, x86_64 } from '../../core/memory/geometry.ts';
import { isEmpty, type Occupancy, wordsPerRange } from '../../core/memory/occupancy.ts';
import { formatPages } from '../../core/memory/page-list.ts';
import type { CollapseLimits } from '../../core/rules/policy.ts';
import type { TopLevelWord } from '../../core/rules/settings-words.ts';
import type { HugeMountWord, ShmemSizeWord, ShmemWord } from '../../core/rules/shmem-settings.ts';

/** Of the kernels of x86-64, which alone are asked about the page cache. */
export const CACHE_GEOMETRY: Geometry = x86_64;

/** What the probe maps: a file of a tmpfs with this `huge=`, other shared memory, or a file on a disk. */
export const SHARED_KINDS = [
  'tmpfs-never',
  'tmpfs-always',
  'tmpfs-within_size',
  'tmpfs-advise',
  'memfd',
  'anon',
  'sysv',
] as const satisfies readonly (`tmpfs-${HugeMountWord}` | 'memfd' | 'anon' | 'sysv')[];

export type MappedKind = (typeof SHARED_KINDS)[number] | 'ext4';

/** Lists of pages of a mapping: how the probe brings them into the page cache, and what it does to them. */
export const CACHE_LISTS = ['written', 'read', 'dirty', 'swap', 'punched', 'mapped', 'cow'] as const;

/** A mapping of a file that the probe makes; the words are explained in kernel-lab/README.md. */
export interface CacheMapping extends Readonly<Record<(typeof CACHE_LISTS)[number], Occupancy>> {
  readonly kind: MappedKind;
  /** PMD ranges that it maps; its lists have so many ranges of bits. */
  readonly ranges: number;
  readonly advice: 'hugepage' | 'nohugepage' | undefined;
  readonly private: boolean;
  readonly readonly: boolean;
  readonly exec: boolean;
  /** All of the file was written to the disk before. */
  readonly filled: boolean;
  /** POSIX_FADV_RANDOM: holes are read, and nothing ahead of them. */
  readonly random: boolean;
  /** Size of the file. */
  readonly bytes: number;
  /** Where in the file it begins, in PMD ranges. */
  readonly offset: number;
  /** Pages by which its address is beside the place that goes with the offset. */
  readonly shift: number;
  /** Of folios that writes and reads are to bring; 0 for small pages. */
  readonly folioOrder: number;
}

/** Mappings that khugepaged is given under one combination of settings, or that are advised to collapse. */
export interface CacheBatch extends Pick<CollapseLimits, 'maxPtesNone' | 'maxPtesSwap'> {
  /** Top-level `enabled`; sizes of anonymous memory are `never`. */
  readonly enabled: TopLevelWord;
  /** Top-level `shmem_enabled`, and that of the PMD size. */
  readonly shmem: ShmemWord;
  readonly size: ShmemSizeWord;
  readonly mappings: readonly CacheMapping[];
}

/** Full scans that a batch is given: what the second one sees is what the first one made. */
export const CACHE_SCANS = 3;

/** A mapping of which only the named facts differ from one of small pages without any. */
export function cacheMapping(
  kind: MappedKind,
  ranges: number,
  facts: Partial<CacheMapping> = {},
): CacheMapping {
  const none = new Uint32Array(ranges * wordsPerRange(CACHE_GEOMETRY));
  const lists = Object.fromEntries(CACHE_LISTS.map((list) => [list, none]));
  const offset = facts.offset ?? 0;
  return {
    ...(lists as Record<(typeof CACHE_LISTS)[number], Occupancy>),
    kind,
    ranges,
    advice: undefined,
    private: false,
    readonly: false,
    exec: false,
    filled: false,
    random: false,
    bytes: (offset + ranges) * rangeBytes(CACHE_GEOMETRY),
    offset,
    shift: 0,
    folioOrder: 0,
    ...facts,
  };
}

/** The PMD ranges that lie whole within the mapping's addresses. */
export function wholeRanges({ ranges, shift }: CacheMapping): number {
  return shift === 0 ? ranges : ranges - 1;
}

/** Pages of a mapping. */
export function coveredPages({ ranges }: CacheMapping): number {
  return ranges * pagesPerRange(CACHE_GEOMETRY);
}

/** The lines that ask the probe about a batch (kernel-lab/README.md). */
export function cacheRequest({
  enabled,
  shmem,
  size,
  maxPtesNone,
  maxPtesSwap,
  mappings,
}: CacheBatch): string[] {
  const head = `cache ${enabled} ${shmem} ${size} ${maxPtesNone} ${maxPtesSwap} ${CACHE_SCANS} ${mappings.length}`;
  return [head, ...mappings.map(mappingLine)];
}

function mappingLine(mapping: CacheMapping): string {
  const { kind, ranges, advice, bytes, offset, shift, folioOrder } = mapping;
  const flags = (['private', 'readonly', 'exec', 'filled', 'random'] as const).filter(
    (flag) => mapping[flag],
  );
  const numbers = Object.entries({ offset, shift, folio: folioOrder });
  return [
    kind,
    ranges,
    ...(advice === undefined ? [] : [advice]),
    ...flags,
    `bytes=${bytes}`,
    ...numbers.filter(([, value]) => value > 0).map(([name, value]) => `${name}=${value}`),
    ...CACHE_LISTS.filter((list) => !isEmpty(mapping[list])).map(
      (list) => `${list}=${formatPages(mapping[list])}`,
    ),
  ].join(' ');
}
