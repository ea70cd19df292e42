import type { CacheRange } from '../../core/memory/cache-range.ts';
import { type Geometry, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import { emptyOccupancy } from '../../core/memory/occupancy.ts';
import {
  type CachePlan,
  type CacheUnknown,
  cacheUnknowns,
  planCacheRange,
} from '../../core/plan/cache-plan.ts';
import {
  type CacheIneligible,
  type CacheSettings,
  isMappedAligned,
  takesPmdFolios,
  whyNoCacheCollapse,
} from '../../core/rules/cache-orders.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import { type CachedFile, kindOfName } from '../../core/rules/page-cache.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { refusalOfVma } from '../../core/rules/vma.ts';
import type { RunPolicy } from '../ranges/verdict.ts';
import type { FoundCacheRange } from './cache-search.ts';
import { type CacheWay, settingsRefusal, waysToAllow } from './cache-ways.ts';
import type { FileMapper } from './file-mappers.ts';
import { governingOf } from './governings.ts';

/** Why khugepaged does not look at a range through a VMA: `vma-edge` where it maps a part of the range. */
export type MapperRefusal = CacheIneligible | 'vma-edge';

/** What one VMA lets happen to the range; each check is told, whatever those before it say. */
export interface JudgedMapper {
  readonly process: Process;
  readonly vma: FileMapper['vma'];
  /** Where the first page of the range is mapped, or would be if the VMA began before it. */
  readonly address: number;
  /** The first check that fails, in the kernel's order; undefined where it may be collapsed through it. */
  readonly refusal: MapperRefusal | undefined;
  /** What forbids huge pages to the VMA or the process. */
  readonly forbidden: 'nohugepage' | 'prctl' | 'special' | undefined;
  readonly isAligned: boolean;
  readonly isWhole: boolean;
  /** Whether the settings allow it; undefined where the kind of the file is not known. */
  readonly isAllowed: boolean | undefined;
}

/** One PMD range of the page cache explained. */
export interface CacheExplanation {
  readonly geometry: Geometry;
  readonly model: KernelModel;
  readonly limits: Pick<ThpSettings, 'maxPtesNone' | 'maxPtesSwap'>;
  readonly governing: CacheSettings;
  /** The file; undefined where its source could not read it. */
  readonly file: CachedFile | undefined;
  /** Whether its filesystem takes folios of the PMD size; undefined where that is not known. */
  readonly takesFolios: boolean | undefined;
  /** Whether the settings let the kernel map it aligned, where a program leaves the address to it. */
  readonly isMappedAligned: boolean;
  /** Where in the file the range begins. */
  readonly offset: number;
  /** The VMA that was asked about. */
  readonly asked: JudgedMapper;
  /** Other VMAs that map any page of the range. */
  readonly others: readonly JudgedMapper[];
  /** Why khugepaged looks at it through no VMA; undefined where it does. */
  readonly refusal: MapperRefusal | undefined;
  /** What the page cache holds of it; undefined where that is not known. */
  readonly range: CacheRange | undefined;
  /** Undefined where it is refused or not known. */
  readonly plan: CachePlan | undefined;
  readonly unknown: readonly CacheUnknown[];
  /** Whether the settings of shared memory were taken for the kernel's default, for nothing says. */
  readonly assumesShmem: boolean;
  /** Changes of settings, or of the program, that allow it; none where settings are not in the way. */
  readonly ways: readonly CacheWay[];
}

/** Explains a range of the page cache: who maps it, what governs it, and what khugepaged does to it. */
export function explainCacheRange(
  found: FoundCacheRange,
  geometry: Geometry,
  runPolicy: RunPolicy,
): CacheExplanation {
  const { offset } = found;
  // A source opens no file without a whole aligned range; of shared memory without a path its name is enough.
  const file = found.file ?? namedFile(found.asked);
  const { settings, shmem, model } = runPolicy;
  const governing = governingOf(runPolicy, geometry);
  const judge = (mapper: FileMapper) => judgeMapper(mapper, file, offset, governing, geometry);
  const asked = judge(found.asked);
  const others = found.others.map(judge);
  const allows = [asked, ...others].some(({ refusal }) => refusal === undefined);
  const range = found.range ?? (isRead(found, [asked, ...others]) ? emptyRange(offset, geometry) : undefined);
  const refusal = allows ? undefined : asked.refusal;
  const isPlanned = file !== undefined && range !== undefined && refusal === undefined;
  return {
    geometry,
    model,
    limits: settings,
    governing,
    file,
    takesFolios: file && takesPmdFolios(file),
    isMappedAligned: file !== undefined && isMappedAligned(file, governing.shmem, geometry),
    offset,
    asked,
    others,
    refusal,
    range,
    plan: isPlanned ? planCacheRange(range, file, settings) : undefined,
    unknown: isPlanned ? cacheUnknowns(range, file) : [],
    assumesShmem: shmem === undefined && file !== undefined && file.kind !== 'file' && file.kind !== 'tmpfs',
    ways: file && asked.isAllowed === false ? waysToAllow(asked.vma, file, governing, geometry) : [],
  };
}

function namedFile({ vma: { name, mapping } }: FileMapper): CachedFile | undefined {
  const kind = kindOfName(name);
  return kind && { id: mapping.file, kind, name };
}

/** Whether a source that hands out ranges with pages would have handed out this one. */
function isRead({ file }: FoundCacheRange, mappers: readonly JudgedMapper[]): boolean {
  if (file === undefined || file.unread !== undefined) return false;
  return mappers.some(({ isAligned, isWhole }) => isAligned && isWhole);
}

/** A range of which nothing is in memory. */
function emptyRange(offset: number, geometry: Geometry): CacheRange {
  const folioOrders = new Uint8Array(pagesPerRange(geometry));
  const seen = { swapPages: undefined, folioOrders, dirtyPages: 0, mappedPages: 0 };
  return { geometry, offset, present: emptyOccupancy(geometry), ...seen };
}

function judgeMapper(
  { process, vma }: FileMapper,
  file: CachedFile | undefined,
  offset: number,
  governing: CacheSettings,
  geometry: Geometry,
): JudgedMapper {
  const bytes = rangeBytes(geometry);
  const address = vma.start + (offset - vma.mapping.offset);
  const isAligned = address % bytes === 0;
  const isWhole = vma.start <= address && address + bytes <= vma.end;
  const forbidden = refusalOfVma(vma, process.thpDisabled);
  const refusal = file
    ? whyNoCacheCollapse(vma, file, governing, geometry, process.thpDisabled)
    : (forbidden ?? (isAligned ? undefined : 'alignment'));
  return {
    process,
    vma,
    address,
    refusal: refusal ?? (isWhole ? undefined : 'vma-edge'),
    forbidden,
    isAligned,
    isWhole,
    isAllowed: file && settingsRefusal(vma, file, governing, geometry) !== 'settings',
  };
}
