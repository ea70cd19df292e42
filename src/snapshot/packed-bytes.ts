import { type Geometry, pagesPerRange } from '../core/memory/geometry.ts';
import { emptyOccupancy, isEmpty, type Occupancy } from '../core/memory/occupancy.ts';
import { hasLargeFolio } from '../core/memory/range-state.ts';
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

function checkLength(bytes: Uint8Array, expected: number, column: string): void {
  if (bytes.length !== expected) {
    throw new Damage(
      `${column} has ${bytes.length} bytes where ${expected} are needed; capture the memory again`,
    );
  }
}
