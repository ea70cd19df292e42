import { type Geometry, pagesPerRange } from '../core/geometry.ts';
import { emptyOccupancy, isEmpty, type Occupancy } from '../core/occupancy.ts';
import { Damage } from './damage.ts';

// Most bitmaps are all zero, and an all-zero blob is stored with no bytes at all.
const ALL_ZERO = new Uint8Array(0);

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The values of one column of bytes: null where a row has none. */
export type Blobs = ArrayLike<Uint8Array | null>;

/** A bitmap as it is stored: bit i % 8 of byte i / 8 is PTE i, on every machine; no bytes when all bits are zero. */
export function packBitmap(occupancy: Occupancy, geometry: Geometry): Uint8Array {
  if (isEmpty(occupancy)) return ALL_ZERO;
  const bytes = new Uint8Array(pagesPerRange(geometry) >>> 3);
  for (let i = 0; i < bytes.length; i++) bytes[i] = occupancy[i >>> 2] >>> ((i & 3) << 3);
  return bytes;
}

/**
 * The bitmaps of a column, views of its bytes where that is possible; equal ones may be one. Throws Damage when a blob is
 * not as long as the geometry wants.
 */
export function unpackBitmaps(blobs: Blobs, geometry: Geometry, column: string): (Occupancy | undefined)[] {
  const unpack = (bytes: Uint8Array) => unpackBitmap(bytes, geometry);
  return unpackColumn(blobs, pagesPerRange(geometry) >>> 3, column, emptyOccupancy(geometry), unpack);
}

function unpackBitmap(bytes: Uint8Array, geometry: Geometry): Occupancy {
  if (LITTLE_ENDIAN && bytes.length % 4 === 0 && bytes.byteOffset % 4 === 0)
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const occupancy = emptyOccupancy(geometry);
  for (let i = 0; i < bytes.length; i++) occupancy[i >>> 2] |= bytes[i] << ((i & 3) << 3);
  return occupancy;
}

/** Folio orders as they are stored: byte i is the order of PTE i's folio; no bytes when all are zero. */
export function packFolioOrders(orders: Uint8Array): Uint8Array {
  return orders.every((order) => order === 0) ? ALL_ZERO : orders.slice();
}

/** The folio orders of a column: as `unpackBitmaps`. */
export function unpackFolioOrders(
  blobs: Blobs,
  geometry: Geometry,
  column: string,
): (Uint8Array | undefined)[] {
  const pages = pagesPerRange(geometry);
  return unpackColumn(blobs, pages, column, new Uint8Array(pages), (bytes) => bytes);
}

function unpackColumn<T>(
  blobs: Blobs,
  expected: number,
  column: string,
  allZero: T,
  unpack: (bytes: Uint8Array) => T,
): (T | undefined)[] {
  const values: (T | undefined)[] = [];
  for (let i = 0; i < blobs.length; i++) {
    const bytes = blobs[i];
    if (bytes === null) values.push(undefined);
    else if (bytes.length === 0) values.push(allZero);
    else if (bytes.length === expected) values.push(unpack(bytes));
    else {
      const found = `${column} has ${bytes.length} bytes where ${expected} are needed`;
      throw new Damage(`${found}; capture the memory again`);
    }
  }
  return values;
}
