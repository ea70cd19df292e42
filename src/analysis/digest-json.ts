import { type Result, succeed } from '../core/base/failure.ts';
import { type DigestTable, foliosOf, rowOf } from '../core/digest/table.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import { asOrder } from '../core/memory/order.ts';
import type { ObservableFact } from '../core/memory/range-state.ts';
import { type RangeText, rangeOfText, rangeText } from '../core/memory/range-text.ts';
import type { Process } from '../core/rules/memory-source.ts';
import type { SizeWord } from '../core/rules/settings-words.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import {
  addApart,
  emptyMemoryDigest,
  type MemoryDigest,
  RESTART_CLASSES,
  type RestartDigest,
  type SourceDigest,
  VMA_CLASSES,
} from './memory-digest.ts';
import type { Refusal } from './tally.ts';

export const DIGEST_SCHEMA = 'thpscope/digest@2';
/** Digests of the first version do not know what a restart makes of their memory. */
export const FIRST_DIGEST_SCHEMA = 'thpscope/digest@1';

/** A digest as it is stored: docs/digest.md. */
export interface DigestJson {
  readonly schema: typeof DIGEST_SCHEMA | typeof FIRST_DIGEST_SCHEMA;
  readonly host: Omit<SourceDigest['host'], 'settings'> & { readonly settings: SettingsJson | null };
  readonly processes: readonly ProcessJson[];
  readonly skipped: SourceDigest['skipped'];
  readonly notes: readonly string[];
}

type SettingsJson = Omit<ThpSettings, 'sizes'> & {
  readonly sizes: readonly { order: number; enabled: SizeWord }[];
};

export type ProcessJson = Pick<Process, 'pid' | 'startTime' | 'command' | 'cgroup'> & {
  /** Null where the kernel does not say. */
  readonly thpDisabled: boolean | null;
} & MemoryDigestJson;

/** What is counted of some memory. */
export interface MemoryDigestJson {
  readonly ranges: number;
  readonly residentPages: number;
  readonly hugePages: number;
  readonly refused: Readonly<Record<string, { readonly ranges: number; readonly pages: number }>>;
  readonly assumed: readonly ObservableFact[];
  readonly unadvised?: ClassJson;
  readonly hugepage?: ClassJson;
  /** By class of VMAs; null where it is not known, absent in files of the first version. */
  readonly restart?: Readonly<Partial<Record<keyof RestartDigest, RestartJson>>> | null;
}

/** See RestartTable. */
interface RestartJson {
  /**
   * Order of the blocks, touched pages in them, then their windows of orders 2, 3, ... with a touched page.
   */
  readonly blocks: readonly (readonly number[])[];
  /** Touched pages by the order of their large folio; zeros at the end are left out. */
  readonly folioPages: readonly number[];
  readonly sharedPages: number;
}

interface ClassJson {
  /** Occupied PTEs, ranges, then full windows of orders 2, 3, ...; zeros at the end are left out. */
  readonly rows: readonly (readonly number[])[];
  /** What folios change: occupied PTEs, j, k, held windows, pages in large folios in the others. */
  readonly folios: readonly (readonly number[])[];
  /** By order: windows with a page, those held, pages in those, pages in large folios in the others. */
  readonly any: readonly (readonly number[])[];
  readonly apart: readonly { readonly count: number; readonly range: RangeText }[];
}

export function digestJson(digest: SourceDigest): DigestJson {
  const { kernelRelease, time, geometry, settings, shrinkUnderused, cpu } = digest.host;
  return {
    schema: DIGEST_SCHEMA,
    host: {
      kernelRelease,
      time,
      geometry,
      settings: settings ? settingsJson(settings) : null,
      shrinkUnderused,
      cpu,
    },
    processes: digest.processes.map(({ process, memory }) => {
      const { pid, startTime, command, cgroup, thpDisabled = null } = process;
      return { pid, startTime, command, cgroup, thpDisabled, ...memoryDigestJson(memory) };
    }),
    skipped: digest.skipped,
    notes: digest.notes,
  };
}

function settingsJson({ sizes, ...rest }: ThpSettings): SettingsJson {
  return { ...rest, sizes: [...sizes].map(([order, enabled]) => ({ order, enabled })) };
}

function settingsOfJson({ sizes, ...rest }: SettingsJson): ThpSettings {
  return { ...rest, sizes: new Map(sizes.map(({ order, enabled }) => [asOrder(order), enabled])) };
}

export function memoryDigestJson(memory: MemoryDigest): MemoryDigestJson {
  const { ranges, residentPages, hugePages, refused, unknown, classes, restart } = memory;
  const filled = VMA_CLASSES.filter((name) => classes[name].table.rows.size + classes[name].apart.size > 0);
  return {
    ranges,
    residentPages,
    hugePages,
    refused: Object.fromEntries(refused),
    assumed: [...unknown],
    ...Object.fromEntries(
      filled.map((name) => {
        const apart = [...classes[name].apart.values()].map(({ range, count }) => ({
          count,
          range: rangeText(range),
        }));
        return [name, { ...tableJson(classes[name].table), apart }];
      }),
    ),
    restart: restart ? restartJson(restart) : null,
  };
}

function restartJson(restart: RestartDigest): MemoryDigestJson['restart'] {
  return Object.fromEntries(
    RESTART_CLASSES.map((name) => {
      const { touched, any, folioPages, sharedPages } = restart[name];
      const blocks = [...touched].flatMap((pages, block) =>
        pages > 0 ? [[block, pages, ...any[block].slice(2, block + 1)]] : [],
      );
      return [name, { blocks, folioPages: withoutZeros([...folioPages]), sharedPages }];
    }),
  );
}

function tableJson(table: DigestTable): Omit<ClassJson, 'apart'> {
  const stride = table.geometry.pmdOrder + 1;
  const sorted = [...table.rows].sort(([a], [b]) => a - b);
  return {
    rows: sorted.map(([pages, { ranges, full }]) => withoutZeros([pages, ranges, ...full.slice(2)])),
    folios: sorted.flatMap(([pages, { folios }]) => {
      if (!folios) return [];
      const { held, large } = folios;
      const at = Array.from(held.keys()).filter((i) => held[i] > 0 || large[i] > 0);
      return at.map((i) => [pages, Math.floor(i / stride), i % stride, held[i], large[i]]);
    }),
    any: [table.any, table.anyHeld, table.anyHeldPages, table.anyLarge].map((list) =>
      withoutZeros([...list]),
    ),
  };
}

function withoutZeros(list: number[]): number[] {
  return list.slice(0, list.findLastIndex((value) => value !== 0) + 1);
}

/** The digest of JSON that has the right shape. Fails where its values cannot be those of a digest. */
export function digestOfJson(json: DigestJson): Result<SourceDigest> {
  const { geometry } = json.host;
  const processes: SourceDigest['processes'][number][] = [];
  for (const each of json.processes) {
    const { pid, startTime, command, cgroup } = each;
    const thpDisabled = each.thpDisabled ?? undefined;
    const memory = memoryDigestOfJson(each, geometry);
    if (!memory.ok) return memory;
    processes.push({ process: { pid, startTime, command, cgroup, thpDisabled }, memory: memory.value });
  }
  const settings = json.host.settings ? settingsOfJson(json.host.settings) : undefined;
  return succeed({ host: { ...json.host, settings }, processes, skipped: json.skipped, notes: json.notes });
}

/**
 * The counts of JSON that has the right shape. Fails where a range that was kept is none of this geometry.
 */
export function memoryDigestOfJson(json: MemoryDigestJson, geometry: Geometry): Result<MemoryDigest> {
  const memory = emptyMemoryDigest(geometry);
  memory.ranges = json.ranges;
  memory.residentPages = json.residentPages;
  memory.hugePages = json.hugePages;
  for (const [refusal, refused] of Object.entries(json.refused))
    memory.refused.set(refusal as Refusal, refused);
  for (const fact of json.assumed) memory.unknown.add(fact);
  for (const name of VMA_CLASSES) {
    const stored = json[name];
    if (!stored) continue;
    fillTable(memory.classes[name].table, stored);
    for (const { count, range } of stored.apart) {
      const state = rangeOfText(range, geometry);
      if (!state.ok) return state;
      addApart(memory.classes[name], JSON.stringify(rangeText(state.value)), state.value, count);
    }
  }
  if (json.restart) fillRestart(memory.restart, json.restart);
  else memory.restart = undefined;
  return succeed(memory);
}

function fillRestart(into: MemoryDigest['restart'], stored: NonNullable<MemoryDigestJson['restart']>): void {
  for (const name of RESTART_CLASSES) {
    const from = stored[name];
    if (!into || !from) continue;
    for (const [block, pages, ...any] of from.blocks) {
      into[name].touched[block] = pages;
      into[name].any[block].set(any, 2);
    }
    into[name].folioPages.set(from.folioPages);
    into[name].sharedPages = from.sharedPages;
  }
}

function fillTable(table: DigestTable, { rows, folios, any }: ClassJson): void {
  const { geometry } = table;
  for (const [pages, ranges, ...full] of rows) {
    const row = rowOf(table, pages);
    row.ranges = ranges;
    row.full.set(full, 2);
  }
  for (const [pages, j, k, held, large] of folios) {
    const counts = foliosOf(rowOf(table, pages), geometry);
    const at = j * (geometry.pmdOrder + 1) + k;
    counts.held[at] = held;
    counts.large[at] = large;
  }
  for (const [index, list] of [table.any, table.anyHeld, table.anyHeldPages, table.anyLarge].entries())
    list.set(any[index] ?? []);
}
