import { snappyUncompress } from 'hyparquet';
import { Damage } from './damage.ts';
import { readThriftStruct, readVarInt, type ThriftStruct } from './thrift-bounds.ts';

/** Far above the 1 MiB at which the writer begins a new page; a dictionary is one page whatever its size. */
const MAX_PAGE_BYTES = 2 ** 26;
/** Enough to tell the values of the largest row group apart. */
const MAX_INDEX_BITS = 16;

/** Numbers of Parquet's PageType and Encoding. */
const DICTIONARY_PAGE = 2;
const DATA_PAGE_V2 = 3;
const RLE = 3;
const RLE_DICTIONARY = 8;

interface Page {
  readonly header: ThriftStruct;
  readonly bytes: Uint8Array;
  readonly uncompressedBytes: number;
}

/**
 * Checks that the pages of a column chunk hold exactly `rows` values and claim no more memory than these can need.
 * hyparquet decodes what passes; by itself it would expand a run of two billion values that five bytes claim.
 * `compressed` tells Snappy from plain bytes. Throws Damage.
 */
export function checkPages(chunk: Uint8Array, rows: number, nullable: boolean, compressed: boolean): void {
  const view = viewOf(chunk);
  let values = 0;
  for (let offset = 0; offset < chunk.length; ) {
    const { fields, end } = readThriftStruct(view, offset);
    const type = integer(fields, 1);
    const uncompressedBytes = integer(fields, 2, MAX_PAGE_BYTES);
    offset = end + integer(fields, 3, chunk.length - end);
    const bytes = chunk.subarray(end, offset);
    if (type === DICTIONARY_PAGE) {
      integer(struct(fields, 7), 1, rows);
    } else if (type === DATA_PAGE_V2) {
      const header = struct(fields, 8);
      values += integer(header, 1, rows - values);
      checkDataPage({ header, bytes, uncompressedBytes }, nullable, compressed);
    } else {
      damaged(`has a page of type ${type}, which thpscope does not write`);
    }
  }
  if (values !== rows) damaged(`has ${values} values in a column of ${rows} rows`);
}

function checkDataPage(
  { header, bytes, uncompressedBytes }: Page,
  nullable: boolean,
  compressed: boolean,
): void {
  const values = integer(header, 1);
  const nulls = integer(header, 2, values);
  if (integer(header, 3) !== values) damaged('has rows of several values');
  const encoding = integer(header, 4);
  const levelBytes = integer(header, 5, Math.min(bytes.length, uncompressedBytes));
  if (integer(header, 6) !== 0) damaged('has repeated values');
  if (nullable) checkRuns(bytes.subarray(0, levelBytes), 1, values);
  else if (levelBytes > 0 || nulls > 0) damaged('has nulls in a required column');
  if (encoding !== RLE && encoding !== RLE_DICTIONARY) return;

  const size = uncompressedBytes - levelBytes;
  const body = bytes.subarray(levelBytes);
  const plain = compressed && header.get(7) !== 0 ? uncompress(body, size) : body;
  // Booleans have the length of their runs before them, dictionary indices the number of their bits.
  if (encoding === RLE) checkRuns(plain.subarray(4), 1, values - nulls);
  else checkRuns(plain.subarray(1), integerByte(plain), values - nulls);
}

/** Checks that the runs of Parquet's RLE and bit-packing hybrid make `values` values. */
function checkRuns(bytes: Uint8Array, bits: number, values: number): void {
  if (bits > MAX_INDEX_BITS) damaged(`has values of ${bits} bits`);
  const view = viewOf(bytes);
  let seen = 0;
  for (let offset = 0; seen < values; ) {
    const { value: header, end } = readVarInt(view, offset);
    const packed = header % 2 === 1;
    const run = Math.floor(header / 2);
    // A packed run comes in groups of eight, the last one padded.
    seen += packed ? 8 * run : run;
    if (run === 0 || seen > values + (packed ? 7 : 0))
      damaged(`has a run of ${run} in a page of ${values} values`);
    offset = end + (packed ? bits * run : Math.ceil(bits / 8));
  }
}

function uncompress(bytes: Uint8Array, size: number): Uint8Array {
  const output = new Uint8Array(size);
  try {
    snappyUncompress(bytes, output);
  } catch {
    damaged('has a page that does not decompress');
  }
  return output;
}

/** A number of a header, checked to be 0 .. max. */
function integer(fields: ThriftStruct, id: number, max: number = Number.MAX_SAFE_INTEGER): number {
  const value = fields.get(id);
  if (typeof value !== 'number' || value < 0 || value > max)
    return damaged(`has a page header that claims ${value}`);
  return value;
}

function integerByte(bytes: Uint8Array): number {
  return bytes[0] ?? damaged('has an empty page');
}

function struct(fields: ThriftStruct, id: number): ThriftStruct {
  const value = fields.get(id);
  return value instanceof Map ? value : damaged('has a page without its header');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(what: string): never {
  throw new Damage(`its Parquet data ${what}; copy the file again or capture a new one`);
}
