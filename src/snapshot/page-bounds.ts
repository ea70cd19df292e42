import { unpackSnappy } from './snappy.ts';
import { ThriftWalk } from './thrift-walk.ts';

/** Kinds of pages (PageType of Parquet), of which snapshots have these. */
const DICTIONARY_PAGE = 2;
const DATA_PAGE_V2 = 3;

/** Encodings of Parquet; PLAIN_DICTIONARY is what dictionary pages of old writers say. */
const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
const RLE = 3;
const RLE_DICTIONARY = 8;

/** Snappy makes at most 64 bytes of 3. */
const SNAPPY_RATIO = 64 / 3;

/** What the footer says of a column chunk. */
interface ChunkFacts {
  /** Rows of its row group. */
  readonly rows: number;
  readonly isNullable: boolean;
  readonly isBoolean: boolean;
  readonly isSnappy: boolean;
}

interface Page {
  readonly bytes: Uint8Array;
  /** The numbers of its header. */
  readonly number: (path: string) => number;
  /** Whether its values are compressed. */
  readonly isPacked: boolean;
}

/**
 * Checks the pages of a column chunk before anything of them is decoded: their sizes, and the counts in their
 * headers and runs, add up to the rows of the row group. hyparquet trusts them, so that some bytes with a
 * sound checksum would have it reserve gigabytes. What is wrong is given to `fail`.
 */
export function checkPages(chunk: Uint8Array, facts: ChunkFacts, fail: (what: string) => never): void {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  let hasDictionary = false;
  let rows = 0;
  for (let offset = 0; rows < facts.rows; ) {
    const header = new ThriftWalk(view, offset, (what) => fail(`a page header ${what}`));
    header.struct();
    // hyparquet goes on without end where one is missing, and takes larger ones for other numbers.
    const number = (path: string): number => {
      const value = header.numbers.get(path) ?? -1;
      return value >= 0 && value < 2 ** 31 ? value : fail(`a page header says ${value} in field ${path}`);
    };
    const compressed = number('3');
    offset = header.offset + compressed;
    if (offset > chunk.length) fail(`a page of ${compressed} bytes is longer than the file`);
    const isPacked = facts.isSnappy && header.booleans.get('8.7') !== false;
    const page = { bytes: chunk.subarray(header.offset, offset), number, isPacked };
    switch (number('1')) {
      case DICTIONARY_PAGE:
        if (hasDictionary || rows > 0) fail('has a dictionary too many');
        checkDictionary(page, facts, fail);
        hasDictionary = true;
        break;
      case DATA_PAGE_V2:
        rows += checkData(page, hasDictionary, { ...facts, rows: facts.rows - rows }, fail);
        break;
      default:
        fail(`has a page of another kind than snapshots have (${number('1')})`);
    }
  }
}

function checkDictionary({ bytes, number }: Page, facts: ChunkFacts, fail: (what: string) => never): void {
  const values = number('7.1');
  if (values > facts.rows) fail(`has a dictionary of ${values} values for ${facts.rows} rows`);
  if (number('7.2') !== PLAIN && number('7.2') !== PLAIN_DICTIONARY)
    fail(`has a dictionary in another encoding than snapshots have (${number('7.2')})`);
  checkSize(bytes, number('2'), facts.isSnappy, fail);
}

/** Says how many rows a data page has. */
function checkData(
  { bytes, number, isPacked }: Page,
  hasDictionary: boolean,
  { rows, isNullable, isBoolean }: ChunkFacts,
  fail: (what: string) => never,
): number {
  const values = number('8.1');
  const nulls = number('8.2');
  const levelBytes = number('8.5');
  if (values === 0 || values > rows || values !== number('8.3'))
    fail(`has a page of ${values} values in ${number('8.3')} rows where ${rows} are left`);
  if (nulls > (isNullable ? values : 0)) fail(`has ${nulls} nulls in a page of ${values} values`);
  if (number('8.6') > 0 || levelBytes > bytes.length || levelBytes > number('2'))
    fail('has a page with levels that it cannot have');
  if (isNullable) checkRuns(bytes.subarray(0, levelBytes), { width: 1, values }, fail);
  const packed = bytes.subarray(levelBytes);
  const size = number('2') - levelBytes;
  checkSize(packed, size, isPacked, fail);
  const encoding = number('8.4');
  if (encoding === PLAIN) return values;
  const isIndex = encoding === RLE_DICTIONARY && hasDictionary;
  if (!isIndex && !(encoding === RLE && isBoolean))
    fail(`has values in another encoding than snapshots have (${encoding})`);
  const unpacked = isPacked ? unpackSnappy(packed, size) : packed;
  if (!unpacked) return fail('has a page that cannot be unpacked');
  // Runs follow the width of an index, or for booleans their length in four bytes.
  const width = isIndex ? (unpacked.at(0) ?? 0) : 1;
  checkRuns(unpacked.subarray(isIndex ? 1 : 4), { width, values: values - nulls }, fail);
  return values;
}

/** Whether bytes can become as many as their header says. */
function checkSize(bytes: Uint8Array, size: number, isPacked: boolean, fail: (what: string) => never): void {
  if (isPacked ? size > bytes.length * SNAPPY_RATIO : size !== bytes.length)
    fail(`has a page of ${size} bytes out of ${bytes.length}`);
}

/** Checks runs of Parquet's RLE and bit-packed hybrid, as hyparquet steps over them. */
function checkRuns(
  bytes: Uint8Array,
  { width, values }: { readonly width: number; readonly values: number },
  fail: (what: string) => never,
): void {
  if (width > 16) fail(`has numbers of ${width} bits in a dictionary`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const walk = new ThriftWalk(view, 0, (what) => fail(`a run ${what}`));
  for (let seen = 0; seen < values; ) {
    const header = walk.varInt();
    const isBitPacked = header % 2 === 1;
    const count = isBitPacked ? (header - 1) * 4 : header / 2;
    const left = isBitPacked ? Math.ceil((values - seen) / 8) * 8 : values - seen;
    if (count === 0 || count > left) fail(`has a run of ${count} values where ${values - seen} are left`);
    // Of no bits hyparquet reads a byte all the same, if there is one.
    const packed = width === 0 ? Math.min(1, bytes.length - walk.offset) : (count / 8) * width;
    walk.skip(isBitPacked ? packed : Math.ceil(width / 8));
    seen += count;
  }
}
