import { type Geometry, rangeBytes } from '../core/geometry.ts';
import type { Host, Process } from '../core/memory-source.ts';
import type { Occupancy } from '../core/occupancy.ts';
import type { RangeState } from '../core/range-state.ts';
import type { Vma } from '../core/vma.ts';
import { Damage } from './damage.ts';
import { packBitmap, packFolioOrders, unpackBitmap, unpackFolioOrders } from './packed-bytes.ts';
import type { ColumnName, SnapshotRow } from './schema.ts';

/** The row of a range; of a VMA when there is no range; of a process when there is no VMA either. */
export function toRow(host: Host, process: Process, vma?: Vma, range?: RangeState): SnapshotRow {
  const { geometry } = host;
  const pack = (bitmap: Occupancy | undefined) => (bitmap ? packBitmap(bitmap, geometry) : null);
  return {
    host: host.name,
    boot_id: host.bootId,
    time: BigInt(Date.parse(host.time)),
    pid: process.pid,
    process_start_time: BigInt(process.startTime),
    command: process.command,
    cgroup: process.cgroup,
    process_thp_disabled: process.thpDisabled,
    page_shift: geometry.pageShift,
    pmd_order: geometry.pmdOrder,
    vma_start: vma ? packAddress(vma.start) : null,
    vma_end: vma ? packAddress(vma.end) : null,
    vma_name: vma?.name ?? null,
    vma_flags: vma?.flags.join(' ') ?? null,
    vma_anonymous: vma?.anonymous ?? null,
    vma_thp_eligible: vma?.thpEligible ?? null,
    vma_rss_bytes: vma ? BigInt(vma.rssBytes) : null,
    vma_swap_bytes: vma ? BigInt(vma.swapBytes) : null,
    range_address: range ? packAddress(range.address) : null,
    uffd_armed: range?.uffdArmed ?? null,
    present: pack(range?.present),
    swap: pack(range?.swap),
    guard: pack(range?.guard),
    zero: pack(range?.zero),
    shared: pack(range?.shared),
    unreferenced: pack(range?.unreferenced),
    pinned: pack(range?.pinned),
    lazyfree: pack(range?.lazyfree),
    locked: pack(range?.locked),
    uffd: pack(range?.uffd),
    folio_orders: range?.folioOrders ? packFolioOrders(range.folioOrders) : null,
    pmd_mapped: range?.pmdMapped ?? null,
  };
}

export function processOf(row: SnapshotRow): Process {
  return {
    pid: row.pid,
    startTime: Number(row.process_start_time),
    command: row.command,
    cgroup: row.cgroup,
    thpDisabled: row.process_thp_disabled,
  };
}

/** The VMA of a row that has a `vma_start`. Throws Damage when another of its columns is null. */
export function vmaOf(row: SnapshotRow): Vma {
  const flags = held(row, 'vma_flags');
  return {
    start: unpackAddress(held(row, 'vma_start')),
    end: unpackAddress(held(row, 'vma_end')),
    name: held(row, 'vma_name'),
    anonymous: held(row, 'vma_anonymous'),
    flags: flags === '' ? [] : flags.split(' '),
    thpEligible: row.vma_thp_eligible ?? undefined,
    rssBytes: Number(held(row, 'vma_rss_bytes')),
    swapBytes: Number(held(row, 'vma_swap_bytes')),
  };
}

/** The range of a row that has a `range_address`. Throws Damage when the row does not fit the geometry. */
export function rangeOf(row: SnapshotRow, geometry: Geometry): RangeState {
  const address = held(row, 'range_address');
  if (address % BigInt(rangeBytes(geometry)) !== 0n) {
    const alignment = `a multiple of ${rangeBytes(geometry)}, the PMD size`;
    throw new Damage(`range_address ${address} is not ${alignment}; capture the memory again`);
  }
  const bitmap = (column: BitmapColumn) => unpackBitmap(held(row, column), geometry, column);
  const fact = (column: BitmapColumn) => (row[column] === null ? undefined : bitmap(column));
  return {
    geometry,
    address: unpackAddress(address),
    present: bitmap('present'),
    swap: bitmap('swap'),
    guard: fact('guard'),
    zero: fact('zero'),
    shared: fact('shared'),
    unreferenced: fact('unreferenced'),
    pinned: fact('pinned'),
    lazyfree: fact('lazyfree'),
    locked: fact('locked'),
    uffd: fact('uffd'),
    folioOrders:
      row.folio_orders === null ? undefined : unpackFolioOrders(row.folio_orders, geometry, 'folio_orders'),
    pmdMapped: row.pmd_mapped ?? undefined,
    uffdArmed: held(row, 'uffd_armed'),
  };
}

type BitmapColumn = {
  [K in ColumnName]: SnapshotRow[K] extends Uint8Array | null ? K : never;
}[ColumnName];

function held<K extends ColumnName>(row: SnapshotRow, column: K): NonNullable<SnapshotRow[K]> {
  const value = row[column];
  if (value === null || value === undefined)
    throw new Damage(`${column} is null where it must not be; capture the memory again`);
  return value;
}

// Addresses are multiples of the page size, so a double holds all 64 bits of them. [vsyscall] lies in the upper half.
function packAddress(address: number): bigint {
  return BigInt.asIntN(64, BigInt(address));
}

function unpackAddress(address: bigint): number {
  return Number(BigInt.asUintN(64, address));
}
