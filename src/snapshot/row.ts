import { type Geometry, pagesPerRange, rangeBytes } from '../core/memory/geometry.ts';
import { emptyOccupancy, type Occupancy } from '../core/memory/occupancy.ts';
import { eachFact, type PageFact, pageFacts, type RangeState } from '../core/memory/range-state.ts';
import type { SharedRun } from '../core/memory/shared-runs.ts';
import type { Host, Process } from '../core/rules/memory-source.ts';
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
  };
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
    flags: flags === '' ? [] : flags.split(' '),
    thpEligible: columns.vma_thp_eligible[row] ?? undefined,
    rssBytes: Number(held(columns.vma_rss_bytes[row], 'vma_rss_bytes')),
    swapBytes: Number(held(columns.vma_swap_bytes[row], 'vma_swap_bytes')),
  };
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
