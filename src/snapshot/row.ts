import type { CacheRange } from '../core/memory/cache-range.ts';
import { type Geometry, pagesPerRange, rangeBytes } from '../core/memory/geometry.ts';
import { emptyOccupancy, type Occupancy } from '../core/memory/occupancy.ts';
import { eachFact, type PageFact, pageFacts, type RangeState } from '../core/memory/range-state.ts';
import type { SharedRun } from '../core/memory/shared-runs.ts';
import type { Host, Process } from '../core/rules/memory-source.ts';
import type { FileMapping } from '../core/rules/page-cache.ts';
import type { Vma } from '../core/rules/vma.ts';
import { Damage } from './damage.ts';
import {
  packBitmap,
  packFolioOrders,
  packSharedRuns,
  unpackBitmap,
  unpackFolioOrders,
  unpackSharedRuns,
} from './packed-bytes.ts';
import type { ColumnName, OwnerColumns, RangeColumns, SnapshotColumns } from './schema.ts';

const NO_CACHE = {
  file: null,
  file_offset: null,
  swap_pages: null,
  dirty_pages: null,
  mapped_pages: null,
};

const NO_RUNS: readonly SharedRun[] = [];

/** What rows say of their process, and of their VMA if they have one. */
export function ownerColumns(host: Host, process: Process, vma: Vma | undefined): OwnerColumns {
  return {
    host: host.name,
    boot_id: host.bootId,
    time: BigInt(Date.parse(host.time)),
    pid: process.pid,
    process_start_time: BigInt(process.startTime),
    command: process.command,
    cgroup: process.cgroup,
    // The metadata says where it is not known.
    process_thp_disabled: process.thpDisabled ?? false,
    page_shift: host.geometry.pageShift,
    pmd_order: host.geometry.pmdOrder,
    vma_start: vma ? packAddress(vma.start) : null,
    vma_end: vma ? packAddress(vma.end) : null,
    vma_name: vma?.name ?? null,
    vma_flags: vma?.flags.join(' ') ?? null,
    vma_anonymous: vma?.anonymous ?? null,
    vma_thp_eligible: vma?.thpEligible ?? null,
    vma_rss_bytes: vma ? BigInt(vma.rssBytes) : null,
    vma_swap_bytes: vma ? BigInt(vma.swapBytes) : null,
    vma_file: vma?.mapping?.file ?? null,
    vma_file_offset: vma?.mapping ? packAddress(vma.mapping.offset) : null,
  };
}

/** What rows of files say of the process that they do not have. */
export function noOwner(host: Host): OwnerColumns {
  const process = { pid: 0, startTime: 0, command: '', cgroup: '', thpDisabled: undefined };
  return ownerColumns(host, process, undefined);
}

/** What the row of a range says of it. */
export function rangeColumns(range: RangeState): RangeColumns {
  const pack = (bitmap: Occupancy | undefined) => (bitmap ? packBitmap(bitmap, range.geometry) : null);
  return {
    range_address: packAddress(range.address),
    uffd_armed: range.uffdArmed,
    ...eachFact((fact) => pack(range.facts[fact])),
    folio_orders: range.folioOrders ? packFolioOrders(range.folioOrders) : null,
    pmd_mapped: range.pmdMapped ?? null,
    shared_runs: range.sharedRuns ? packSharedRuns(range.sharedRuns) : null,
    ...NO_CACHE,
  };
}

/** What the row of a range of a file says of it. */
export function cacheColumns(id: string, range: CacheRange): RangeColumns {
  return {
    ...NO_RANGE,
    present: packBitmap(range.present, range.geometry),
    folio_orders: range.folioOrders ? packFolioOrders(range.folioOrders) : null,
    file: id,
    file_offset: BigInt(range.offset),
    swap_pages: range.swapPages ?? null,
    dirty_pages: range.dirtyPages ?? null,
    mapped_pages: range.mappedPages ?? null,
  };
}

/** The range columns of a row that is of a VMA, or of a process. */
export const NO_RANGE: RangeColumns = {
  range_address: null,
  uffd_armed: null,
  ...eachFact(() => null),
  folio_orders: null,
  pmd_mapped: null,
  shared_runs: null,
  ...NO_CACHE,
};

export function processOf(columns: SnapshotColumns, row: number): Process {
  return {
    pid: columns.pid[row],
    startTime: Number(columns.process_start_time[row]),
    command: columns.command[row],
    cgroup: columns.cgroup[row],
    thpDisabled: columns.process_thp_disabled[row],
  };
}

/** The VMA of a row that has a `vma_start`. Throws Damage when another of its columns is null. */
export function vmaOf(columns: SnapshotColumns, row: number): Vma {
  const flags = held(columns.vma_flags[row], 'vma_flags');
  return {
    start: unpackAddress(held(columns.vma_start[row], 'vma_start')),
    end: unpackAddress(held(columns.vma_end[row], 'vma_end')),
    name: held(columns.vma_name[row], 'vma_name'),
    anonymous: held(columns.vma_anonymous[row], 'vma_anonymous'),
    mapping: mappingOf(columns, row),
    flags: flags === '' ? [] : flags.split(' '),
    thpEligible: columns.vma_thp_eligible[row] ?? undefined,
    rssBytes: Number(held(columns.vma_rss_bytes[row], 'vma_rss_bytes')),
    swapBytes: Number(held(columns.vma_swap_bytes[row], 'vma_swap_bytes')),
  };
}

function mappingOf(columns: SnapshotColumns, row: number): FileMapping | undefined {
  const file = columns.vma_file[row];
  if (file === null) return undefined;
  return { file, offset: unpackAddress(held(columns.vma_file_offset[row], 'vma_file_offset')) };
}

/**
 * The range of a file in a row that has a `file`; undefined where it only names the file. Throws Damage when
 * the row does not fit the geometry.
 */
export function cacheRangeOf(
  columns: SnapshotColumns,
  row: number,
  geometry: Geometry,
): CacheRange | undefined {
  const offset = columns.file_offset[row];
  if (offset === null) return undefined;
  const present = held(columns.present[row], 'present');
  const orders = columns.folio_orders[row];
  return {
    geometry,
    offset: Number(offset),
    present: present.length === 0 ? emptyOccupancy(geometry) : unpackBitmap(present, geometry, 'present'),
    swapPages: columns.swap_pages[row] ?? undefined,
    folioOrders: orders === null ? undefined : foliosOf(orders, geometry),
    dirtyPages: columns.dirty_pages[row] ?? undefined,
    mappedPages: columns.mapped_pages[row] ?? undefined,
  };
}

function foliosOf(orders: Uint8Array, geometry: Geometry): Uint8Array {
  if (orders.length === 0) return new Uint8Array(pagesPerRange(geometry));
  return unpackFolioOrders(orders, geometry, 'folio_orders');
}

/**
 * The ranges of a row group by row, undefined where there is no `range_address`. Ranges share what is all
 * zero, and their bitmaps may be views of the row group. Throws Damage when a row does not fit the geometry.
 */
export function rangeReader(
  columns: SnapshotColumns,
  geometry: Geometry,
): (row: number) => RangeState | undefined {
  const bytes = BigInt(rangeBytes(geometry));
  const noPages = emptyOccupancy(geometry);
  const smallFolios = new Uint8Array(pagesPerRange(geometry));
  const bitmap = (fact: PageFact, row: number) => {
    const blob = columns[fact][row];
    if (blob === null) return undefined;
    return blob.length === 0 ? noPages : unpackBitmap(blob, geometry, fact);
  };
  const folios = (blob: Uint8Array | null) => {
    if (blob === null) return undefined;
    return blob.length === 0 ? smallFolios : unpackFolioOrders(blob, geometry, 'folio_orders');
  };
  const runs = (blob: Uint8Array | null) => {
    if (blob === null) return undefined;
    return blob.length === 0 ? NO_RUNS : unpackSharedRuns(blob, geometry);
  };
  return (row) => {
    const address = columns.range_address[row];
    if (address === null) return undefined;
    if (address % bytes !== 0n) {
      const alignment = `a multiple of ${bytes}, the PMD size`;
      throw new Damage(`range_address ${address} is not ${alignment}; capture the memory again`);
    }
    const present = held(bitmap('present', row), 'present');
    const swap = held(bitmap('swap', row), 'swap');
    return {
      geometry,
      address: unpackAddress(address),
      facts: pageFacts({ present, swap }, (fact) => bitmap(fact, row)),
      folioOrders: folios(columns.folio_orders[row]),
      pmdMapped: columns.pmd_mapped[row] ?? undefined,
      uffdArmed: held(columns.uffd_armed[row], 'uffd_armed'),
      sharedRuns: runs(columns.shared_runs[row]),
    };
  };
}

function held<T>(value: T, column: ColumnName): NonNullable<T> {
  if (value === null || value === undefined)
    throw new Damage(`${column} is null where it must not be; capture the memory again`);
  return value;
}

// Addresses are multiples of the page size, so a double holds all 64 bits of them. [vsyscall] lies in the
// upper half.
export function packAddress(address: number): bigint {
  return BigInt.asIntN(64, BigInt(address));
}

function unpackAddress(address: bigint): number {
  return Number(BigInt.asUintN(64, address));
}
