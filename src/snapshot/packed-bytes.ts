import { type Geometry, pagesPerRange } from '../core/memory/geometry.ts';
import { emptyOccupancy, isEmpty, type Occupancy } from '../core/memory/occupancy.ts';
import { hasLargeFolio } from '../core/memory/range-state.ts';
import type { SharedRun } from '../core/memory/shared-runs.ts';
import { Damage } from './damage.ts';

// Most bitmaps are all zero, and an all-zero blob is stored with no bytes at all.
const ALL_ZERO = new Uint8Array(0);

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * A bitmap as it is stored: bit i % 8 of byte i / 8 is PTE i, on every machine; no bytes when all bits are
 * zero.
 */
export function packBitmap(occupancy: Occupancy, geometry: Geometry): Uint8Array {
  if (isEmpty(occupancy)) return ALL_ZERO;
  const bytes = new Uint8Array(pagesPerRange(geometry) >>> 3);
  for (let i = 0; i < bytes.length; i++) bytes[i] = occupancy[i >>> 2] >>> ((i & 3) << 3);
  return bytes;
}

/**
 * The bitmap of a blob that is not empty: a view of its bytes where that is possible. Throws Damage when it
 * is not as long as the geometry wants.
 */
export function unpackBitmap(bytes: Uint8Array, geometry: Geometry, column: string): Occupancy {
  checkLength(bytes, pagesPerRange(geometry) >>> 3, column);
  if (LITTLE_ENDIAN && bytes.length % 4 === 0 && bytes.byteOffset % 4 === 0)
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const occupancy = emptyOccupancy(geometry);
  for (let i = 0; i < bytes.length; i++) occupancy[i >>> 2] |= bytes[i] << ((i & 3) << 3);
  return occupancy;
}

/** Folio orders as they are stored: byte i is the order of PTE i's folio; no bytes when all are zero. */
export function packFolioOrders(orders: Uint8Array): Uint8Array {
  return hasLargeFolio(orders) ? orders.slice() : ALL_ZERO;
}

/**
 * The folio orders of a blob that is not empty. Throws Damage when it is not as long as the geometry wants.
 */
export function unpackFolioOrders(bytes: Uint8Array, geometry: Geometry, column: string): Uint8Array {
  checkLength(bytes, pagesPerRange(geometry), column);
  return bytes;
}

/** A run takes its PTE, pages, number of the first page, mappings of each page, and 1 if it repeats pages. */
const RUN_BYTES = 20;

/** Runs as they are stored: five 32-bit words each, low byte first. */
export function packSharedRuns(runs: readonly SharedRun[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(RUN_BYTES * runs.length));
  for (const [i, { offset, pages, id, mappings, repeats }] of runs.entries())
    for (const [j, word] of [offset, pages, id, mappings, Number(repeats)].entries())
      view.setUint32(RUN_BYTES * i + 4 * j, word, true);
  return new Uint8Array(view.buffer);
}

/** The runs of a blob. Throws Damage where they are no ascending runs of the pages of a range. */
export function unpackSharedRuns(bytes: Uint8Array, geometry: Geometry): SharedRun[] {
  const runs: SharedRun[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = 0;
  let isSound = bytes.length % RUN_BYTES === 0;
  for (let at = 0; isSound && at < bytes.length; at += RUN_BYTES) {
    const word = (index: number) => view.getUint32(at + 4 * index, true);
    const run = { offset: word(0), pages: word(1), id: word(2), mappings: word(3), repeats: word(4) === 1 };
    isSound =
      run.offset >= end &&
      run.pages >= 1 &&
      run.offset + run.pages <= pagesPerRange(geometry) &&
      run.id >= 1 &&
      word(4) <= 1;
    end = run.offset + run.pages;
    runs.push(run);
  }
  if (isSound) return runs;
  throw new Damage('shared_runs are no runs of the pages of a range; capture the memory again');
}

function checkLength(bytes: Uint8Array, expected: number, column: string): void {
  if (bytes.length !== expected) {
    throw new Damage(
      `${column} has ${bytes.length} bytes where ${expected} are needed; capture the memory again`,
    );
  }
}
