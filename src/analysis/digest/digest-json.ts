import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { asOrder, type Order } from '../../core/memory/order.ts';
import type { ObservableFact } from '../../core/memory/range-state.ts';
import type { Process, ProcessFacts } from '../../core/rules/memory-source.ts';
import { checkLimits } from '../../core/rules/policy.ts';
import type { SizeWord } from '../../core/rules/settings-words.ts';
import type { ShmemSettings, ShmemSizeWord } from '../../core/rules/shmem-settings.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { type TlbReach, tlbReachOf } from '../../core/rules/tlb-reach.ts';
import { type CacheDigestJson, cacheDigestJson, cacheDigestOfJson } from '../cache/cache-digest-json.ts';
import { type AnyClassJson, type ClassJson, classJson, fileClassJson, fillClass } from './class-json.ts';
import { misplaced, refusalNamed } from './digest-shape.ts';
import { wrongSum } from './digest-sums.ts';
import {
  addRefused,
  type ClassDigest,
  emptyMemoryDigest,
  type MemoryDigest,
  noneRepeated,
  type ProcessDigest,
  type SourceDigest,
  VMA_CLASSES,
  type VmaClass,
} from './memory-digest.ts';
import { fillRestart, type RestartDigestJson, restartDigestJson } from './restart-json.ts';

export const DIGEST_SCHEMA = 'thpscope/digest@7';
/**
 * Versions before are read and no longer written. This one does not know what processes share by fork: they
 * count it each, unless nothing is shared.
 */
export const DIGEST_SCHEMA_6 = 'thpscope/digest@6';
/** Knows nothing of the page cache. */
export const DIGEST_SCHEMA_5 = 'thpscope/digest@5';
/** Has a cell for each count of folios. */
export const DIGEST_SCHEMA_4 = 'thpscope/digest@4';
/** Keeps whole what version 4 counts as blocked. */
export const DIGEST_SCHEMA_3 = 'thpscope/digest@3';
/**
 * Earlier versions, which are read as well. The first does not know what a restart makes of its memory;
 * neither has a checksum, nor anything of what is optional in ProcessJson.
 */
export const OLD_DIGEST_SCHEMAS = ['thpscope/digest@2', 'thpscope/digest@1'] as const;

/** A digest as it is stored: docs/digest.md. */
export interface DigestJson {
  readonly schema:
    | typeof DIGEST_SCHEMA
    | typeof DIGEST_SCHEMA_6
    | typeof DIGEST_SCHEMA_5
    | typeof DIGEST_SCHEMA_4
    | typeof DIGEST_SCHEMA_3
    | (typeof OLD_DIGEST_SCHEMAS)[number];
  readonly host: Omit<SourceDigest['host'], 'settings' | 'shmem'> & {
    readonly settings: SettingsJson | null;
    /** Left out where it is not known. */
    readonly shmem?: ShmemJson | undefined;
  };
  readonly processes: readonly ProcessJson[];
  readonly skipped: SourceDigest['skipped'];
  readonly notes: readonly string[];
  /** From version 6 on; null where it is not known. */
  readonly pageCache?: CacheDigestJson | null;
  /** What TLB entries are counted by; from version 3 on. */
  readonly tlb?: TlbReach;
}

type SettingsJson = Omit<ThpSettings, 'sizes'> & {
  readonly sizes: readonly { order: number; enabled: SizeWord }[];
};

type ShmemJson = Omit<ShmemSettings, 'sizes'> & {
  readonly sizes: readonly { order: number; enabled: ShmemSizeWord }[];
};

type ProcessJson = Pick<Process, 'pid' | 'startTime' | 'command' | 'cgroup'> &
  ProcessFacts & {
    /** Null where the kernel does not say. */
    readonly thpDisabled: boolean | null;
    /** Left out where it is not known. */
    readonly isRegistered?: boolean;
  } & MemoryDigestJson<AnyClassJson>;

/** What is counted of some memory. */
export interface MemoryDigestJson<C = ClassJson> {
  readonly ranges: number;
  readonly residentPages: number;
  readonly hugePages: number;
  /** Left out where they are not known, as in files of earlier versions. */
  readonly otherPages?: number;
  readonly pmdMappedPages?: number;
  readonly savedEntries?: number;
  readonly uncheckedPages?: number;
  readonly refused: Readonly<Record<string, { readonly ranges: number; readonly pages: number }>>;
  readonly assumed: readonly ObservableFact[];
  readonly unadvised?: C;
  readonly hugepage?: C;
  /** By class of VMAs; null where it is not known, absent in files of the first version. */
  readonly restart?: RestartDigestJson | null;
  /** See RepeatedMemory: `restart` only where there are such pages. Left out where it is not known. */
  readonly repeated?: { readonly pages: number; readonly restart?: RestartDigestJson };
}

export function digestJson(digest: SourceDigest): DigestJson {
  const { name, bootId, kernelRelease, time, geometry, settings, shmem } = digest.host;
  const { khugepaged, shrinkUnderused, zoneReclaim, cpu, counters } = digest.host;
  return {
    schema: DIGEST_SCHEMA,
    host: {
      name,
      bootId,
      kernelRelease,
      time,
      geometry,
      settings: settings ? settingsJson(settings) : null,
      shmem: shmem && { ...shmem, sizes: sizesJson(shmem.sizes) },
      khugepaged,
      shrinkUnderused,
      zoneReclaim,
      cpu,
      counters,
    },
    processes: digest.processes.map(processJson),
    pageCache: digest.cache ? cacheDigestJson(digest.cache) : null,
    tlb: digest.reach,
    skipped: digest.skipped,
    notes: digest.notes,
  };
}

function settingsJson({ sizes, ...rest }: ThpSettings): SettingsJson {
  return { ...rest, sizes: sizesJson(sizes) };
}

function sizesJson<W>(sizes: ReadonlyMap<Order, W>): { order: number; enabled: W }[] {
  return [...sizes].map(([order, enabled]) => ({ order, enabled }));
}

function sizesOfJson<W>(sizes: readonly { order: number; enabled: W }[]): ReadonlyMap<Order, W> {
  return new Map(sizes.map(({ order, enabled }) => [asOrder(order), enabled]));
}

/** Settings as recordings hold them. */
export function settingsOfJson({ sizes, ...rest }: SettingsJson): ThpSettings {
  return { ...rest, sizes: sizesOfJson(sizes) };
}

function processJson({ process, isRegistered, memory }: ProcessDigest): ProcessJson {
  const { pid, startTime, command, cgroup, thpDisabled = null, ...facts } = process;
  const { pinnedBytes, ksmBytes, memoryGroups } = facts;
  return {
    pid,
    startTime,
    command,
    cgroup,
    thpDisabled,
    pinnedBytes,
    ksmBytes,
    memoryGroups,
    isRegistered,
    ...countsJson(memory, (digest) => fileClassJson(digest, memory.reachPages)),
  };
}

/** Everything by its counts, for datasets. */
export function memoryDigestJson(memory: MemoryDigest): MemoryDigestJson {
  return countsJson(memory, classJson);
}

function countsJson<C>(
  memory: MemoryDigest,
  classOf: (digest: ClassDigest) => C | undefined,
): MemoryDigestJson<C> {
  const { ranges, residentPages, hugePages, otherPages, uncheckedPages } = memory;
  const classes: Partial<Record<VmaClass, C>> = {};
  for (const name of VMA_CLASSES) {
    const stored = classOf(memory.classes[name]);
    if (stored) classes[name] = stored;
  }
  return {
    ranges,
    residentPages,
    hugePages,
    otherPages,
    uncheckedPages,
    pmdMappedPages: memory.pmdMappedPages,
    savedEntries: memory.savedEntries,
    refused: Object.fromEntries(memory.refused),
    assumed: [...memory.unknown],
    ...classes,
    restart: memory.restart ? restartDigestJson(memory.restart) : null,
    ...repeatedJson(memory),
  };
}

function repeatedJson({ repeated }: MemoryDigest): Pick<MemoryDigestJson, 'repeated'> {
  if (!repeated) return {};
  const { pages, restart } = repeated;
  return { repeated: pages === 0 ? { pages } : { pages, restart: restartDigestJson(restart) } };
}

/** What earlier processes have as well: where no page is shared by fork, nothing. */
function repeatedOfJson(
  { repeated, restart }: MemoryDigestJson<AnyClassJson>,
  geometry: Geometry,
): MemoryDigest['repeated'] {
  const none = noneRepeated(geometry);
  if (!repeated)
    return restart && Object.values(restart).every(({ sharedPages }) => sharedPages === 0) ? none : undefined;
  none.pages = repeated.pages;
  if (repeated.restart) fillRestart(none.restart, repeated.restart);
  return none;
}

/**
 * The digest of JSON that has the right shape. Fails with `unreadable` where its values cannot be those of a
 * digest: what no memory can have is refused with the row that says it.
 */
export function digestOfJson(json: DigestJson): Result<SourceDigest> {
  const { geometry } = json.host;
  const limits = json.host.settings && checkLimits(json.host.settings, geometry);
  if (limits && !limits.ok) return fail('unreadable', `its settings: ${limits.failure.message}`);
  const reach = json.tlb ?? tlbReachOf(undefined, geometry);
  const processes: ProcessDigest[] = [];
  for (const each of json.processes) {
    const { pid, startTime, command, cgroup, pinnedBytes, ksmBytes, memoryGroups, isRegistered } = each;
    const thpDisabled = each.thpDisabled ?? undefined;
    const memory = memoryDigestOfJson(each, geometry, reach.pages);
    if (!memory.ok) return fail('unreadable', `process ${pid}: ${memory.failure.message}`);
    processes.push({
      process: { pid, startTime, command, cgroup, thpDisabled, pinnedBytes, ksmBytes, memoryGroups },
      memory: memory.value,
      isRegistered,
    });
  }
  const settings = json.host.settings ? settingsOfJson(json.host.settings) : undefined;
  const { skipped, notes, pageCache } = json;
  const cache = pageCache ? cacheDigestOfJson(pageCache, geometry) : succeed(undefined);
  if (!cache.ok) return cache;
  const { shmem, ...rest } = json.host;
  const host = { ...rest, settings, ...(shmem && { shmem: { ...shmem, sizes: sizesOfJson(shmem.sizes) } }) };
  return succeed({ host, reach, processes, cache: cache.value, skipped, notes });
}

/** The counts of JSON that has the right shape. Fails where no memory can have them. */
export function memoryDigestOfJson(
  json: MemoryDigestJson<AnyClassJson>,
  geometry: Geometry,
  reachPages: number,
): Result<MemoryDigest> {
  const place = misplaced(json, geometry);
  if (place !== undefined) return fail('unreadable', place);
  const memory = emptyMemoryDigest(geometry, reachPages);
  memory.ranges = json.ranges;
  memory.residentPages = json.residentPages;
  memory.hugePages = json.hugePages;
  const pmdMapped = json.refused.SCAN_PMD_MAPPED;
  memory.pmdMappedPages = json.pmdMappedPages ?? pmdMapped?.pages ?? 0;
  memory.savedEntries = json.savedEntries ?? 0;
  memory.otherPages = json.otherPages;
  memory.uncheckedPages = json.uncheckedPages;
  for (const [name, { ranges, pages }] of Object.entries(json.refused)) {
    const refusal = refusalNamed(name);
    if (refusal) addRefused(memory, refusal, ranges, pages);
  }
  for (const fact of json.assumed) memory.unknown.add(fact);
  for (const name of VMA_CLASSES) {
    const stored = json[name];
    if (!stored) continue;
    const filled = fillClass(memory.classes[name], stored, reachPages);
    if (!filled.ok) return filled;
  }
  if (json.restart && memory.restart) fillRestart(memory.restart, json.restart);
  else memory.restart = undefined;
  memory.repeated = repeatedOfJson(json, geometry);
  const wrong = wrongSum(memory);
  return wrong === undefined ? succeed(memory) : fail('unreadable', wrong);
}
