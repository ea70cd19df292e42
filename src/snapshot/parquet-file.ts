import {
  type AsyncBuffer,
  type DecodedArray,
  type FileMetaData,
  flatten,
  parquetMetadata,
  parquetRead,
  type RowGroup,
  type Statistics,
} from 'hyparquet';
import { crc32 } from './crc32.ts';
import { Damage } from './damage.ts';
import { checkPages } from './page-bounds.ts';
import {
  COLUMN_NAMES,
  type ColumnName,
  FORMAT_COLUMNS,
  isReadColumn,
  MAX_GROUP_ROWS,
  PARQUET_SCHEMA,
  READ_COLUMNS,
  type ReadColumn,
  type SnapshotColumns,
} from './schema.ts';
import { unpackSnappy } from './snappy.ts';
import { ThriftWalk } from './thrift-walk.ts';

const MAGIC = 0x31524150; // "PAR1"
const ENDING_BYTES = 8;
/** Room for the row groups of a hundred TiB. */
const MAX_FOOTER_BYTES = 2 ** 26;
const MAX_GROUP_BYTES = 2 ** 28;

/** A chunk up to this size repeats a value or two for the whole row group, as most do. */
const MAX_KEPT_BYTES = 256;

const DAMAGED = 'copy the file again or capture a new one';

/** Reads the footer of any Parquet file. Throws Damage. */
export async function readFooter(file: AsyncBuffer): Promise<FileMetaData> {
  const size = file.byteLength;
  if (size === 0) throw new Damage(`is empty; ${DAMAGED}`);
  const magic = size < 4 ? 0 : (await readBytes(file, 0, 4)).getUint32(0, true);
  if (magic !== MAGIC) throw new Damage(`is not a Parquet file; 'thpscope capture' writes one`);
  const ending = size < 4 + ENDING_BYTES ? undefined : await readBytes(file, size - ENDING_BYTES, size);
  if (ending?.getUint32(4, true) !== MAGIC) throw new Damage(`is cut off: its footer is missing; ${DAMAGED}`);
  const length = ending.getUint32(0, true);
  if (length > Math.min(size - 4 - ENDING_BYTES, MAX_FOOTER_BYTES)) {
    throw new Damage(`claims a footer of ${length} bytes in a file of ${size}; ${DAMAGED}`);
  }
  const footer = await readBytes(file, size - ENDING_BYTES - length, size);
  new ThriftWalk(footer, 0, (what) => damaged(`its Parquet footer ${what}`)).struct();
  try {
    return parquetMetadata(footer.buffer, { geoparquet: false });
  } catch {
    throw new Damage(`its Parquet footer cannot be decoded; ${DAMAGED}`);
  }
}

/** Throws Damage unless the columns are exactly those of a snapshot of this format or an older one. */
export function checkSchema({ schema }: FileMetaData): void {
  const isComplete = FORMAT_COLUMNS.includes(schema.length - 1);
  const same =
    isComplete &&
    schema.every(({ name, type, repetition_type, converted_type }, i) => {
      const expected = PARQUET_SCHEMA[i];
      return (
        name === expected.name &&
        type === expected.type &&
        converted_type === expected.converted_type &&
        (i === 0 || repetition_type === expected.repetition_type)
      );
    });
  if (!same) throw new Damage(`its columns are not those of a snapshot; capture the memory again`);
}

/** Throws Damage unless the file has as many rows as its row groups, and these as many as may be. */
export function checkRows({ num_rows, row_groups }: FileMetaData): void {
  let rows = 0;
  for (const [index, group] of row_groups.entries()) {
    const some = Number(group.num_rows);
    if (!(some >= 1 && some <= MAX_GROUP_ROWS))
      damaged(`its footer says row group ${index + 1} has ${group.num_rows} rows`);
    rows += some;
  }
  if (rows !== Number(num_rows)) damaged(`its footer says ${num_rows} rows and has row groups of ${rows}`);
}

/**
 * The small column chunks that were decoded last, by column. The next row group often has the very same
 * bytes, and values that are used again are neither decoded nor collected.
 */
export type KeptChunks = Map<ReadColumn, { readonly bytes: Uint8Array; readonly values: DecodedArray }>;

/** Reads one row group whole, after its checksum and place were checked. Throws Damage. */
export async function readRowGroup(
  file: AsyncBuffer,
  metadata: FileMetaData,
  index: number,
  checksum: number,
  kept: KeptChunks,
): Promise<SnapshotColumns> {
  const group = metadata.row_groups[index];
  const { start, end } = checkedExtent(group, index, {
    columns: metadata.schema.length - 1,
    fileBytes: file.byteLength,
  });
  const { buffer } = await readBytes(file, start, end);
  if (crc32(new Uint8Array(buffer)) !== checksum) {
    throw new Damage(`row group ${index + 1} does not match its checksum; ${DAMAGED}`);
  }
  const inMemory: AsyncBuffer = {
    byteLength: file.byteLength,
    slice: (from, to = end) => buffer.slice(from - start, to - start),
  };
  const rows = Number(group.num_rows);
  const inFile = COLUMN_NAMES.slice(0, group.columns.length);
  const columns = new Map<ReadColumn, DecodedArray>();
  for (const name of COLUMN_NAMES.slice(inFile.length))
    if (isReadColumn(name))
      columns.set(
        name,
        Array.from({ length: rows }, () => null),
      );
  const small = new Map<ReadColumn, Uint8Array>();
  for (const [i, name] of inFile.entries()) {
    if (!isReadColumn(name)) continue;
    const chunk = chunkExtent(group, i);
    if (chunk.end - chunk.start > MAX_KEPT_BYTES) continue;
    const bytes = new Uint8Array(buffer, chunk.start - start, chunk.end - chunk.start);
    const before = kept.get(name);
    if (before && before.values.length === rows && isEqual(before.bytes, bytes))
      columns.set(name, before.values);
    else small.set(name, bytes);
  }
  const missing = READ_COLUMNS.filter((name) => !columns.has(name));
  for (const name of missing) checkColumn(group, name, { buffer, start, index });
  const decoded = await decodeColumns(inMemory, { ...metadata, row_groups: [group] }, missing, index);
  for (const [name, values] of decoded) {
    columns.set(name, values);
    const bytes = small.get(name);
    if (bytes) kept.set(name, { bytes: bytes.slice(), values });
  }
  return Object.fromEntries(columns) as unknown as SnapshotColumns;
}

/** The values of some columns of a file's only row group. */
async function decodeColumns(
  file: AsyncBuffer,
  metadata: FileMetaData,
  names: readonly ReadColumn[],
  index: number,
): Promise<(readonly [ReadColumn, DecodedArray])[]> {
  if (names.length === 0) return [];
  const pages = new Map<string, DecodedArray[]>(names.map((name) => [name, []]));
  // A byte order mark is part of a name.
  const text = new TextDecoder('utf-8', { ignoreBOM: true });
  const parsers = { stringFromBytes: (bytes: Uint8Array) => bytes && text.decode(bytes) };
  try {
    await parquetRead({
      file,
      metadata,
      columns: [...names],
      utf8: false,
      parsers,
      compressors: { SNAPPY: unpackPage },
      onChunk: ({ columnName, columnData }) => pages.get(columnName)?.push(columnData),
    });
  } catch {
    throw new Damage(`row group ${index + 1} cannot be decoded; ${DAMAGED}`);
  }
  const rows = Number(metadata.row_groups[0].num_rows);
  return names.map((name) => {
    const values = flatten(pages.get(name));
    if (values.length !== rows)
      throw new Damage(`row group ${index + 1} has another number of rows in ${name}; ${DAMAGED}`);
    // An index that its dictionary does not have.
    const row = values.indexOf(undefined as never);
    if (row >= 0)
      damaged(`row ${row + 1} of row group ${index + 1} has no value of its dictionary in ${name}`);
    return [name, values];
  });
}

/** Throws Damage where the pages of a column of a row group in a buffer are not what its footer says. */
function checkColumn(
  group: RowGroup,
  name: ReadColumn,
  { buffer, start, index }: { readonly buffer: ArrayBuffer; readonly start: number; readonly index: number },
): void {
  const column = COLUMN_NAMES.indexOf(name);
  const { type, repetition_type } = PARQUET_SCHEMA[column + 1];
  const chunk = chunkExtent(group, column);
  const bytes = new Uint8Array(buffer, chunk.start - start, chunk.end - chunk.start);
  const facts = {
    rows: Number(group.num_rows),
    isNullable: repetition_type === 'OPTIONAL',
    isBoolean: type === 'BOOLEAN',
    isSnappy: group.columns[column].meta_data?.codec === 'SNAPPY',
  };
  checkPages(bytes, facts, (what) => damaged(`row group ${index + 1}, ${name}: ${what}`));
}

/** As hyparquet calls it; what is thrown is damage. */
function unpackPage(bytes: Uint8Array, size: number): Uint8Array {
  const page = unpackSnappy(bytes, size);
  if (!page) throw new Error('a page cannot be unpacked');
  return page;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Where a row group lies, checked to be inside the file and made of chunks of our columns without gaps. */
function checkedExtent(
  group: RowGroup,
  index: number,
  { columns, fileBytes }: { readonly columns: number; readonly fileBytes: number },
): { start: number; end: number } {
  const { start } = chunkExtent(group, 0);
  let end = start;
  const sound =
    group.columns.length === columns &&
    group.columns.every(({ file_path, meta_data }, i) => {
      const chunk = chunkExtent(group, i);
      const follows = chunk.start === end && chunk.end > chunk.start;
      end = chunk.end;
      return (
        follows &&
        file_path === undefined &&
        meta_data?.type === PARQUET_SCHEMA[i + 1].type &&
        meta_data?.path_in_schema.join('.') === COLUMN_NAMES[i] &&
        // A smaller number of rows alone would leave out the last ones.
        meta_data.num_values === group.num_rows &&
        (meta_data.codec === 'SNAPPY' || meta_data.codec === 'UNCOMPRESSED')
      );
    });
  if (!sound || start < 4 || end > fileBytes - ENDING_BYTES || end - start > MAX_GROUP_BYTES) {
    throw new Damage(`its footer is wrong about row group ${index + 1}; ${DAMAGED}`);
  }
  return { start, end };
}

/** What the footer says of the values of a column of a row group. */
export function statisticsOf(group: RowGroup, name: ColumnName): Statistics | undefined {
  return group.columns[COLUMN_NAMES.indexOf(name)]?.meta_data?.statistics;
}

/** Where a column chunk lies; NaN where the footer does not say. */
function chunkExtent(group: RowGroup, column: number): { start: number; end: number } {
  const chunk = group.columns[column]?.meta_data;
  const start = Number(chunk?.dictionary_page_offset || chunk?.data_page_offset);
  return { start, end: start + Number(chunk?.total_compressed_size) };
}

/** A copy of some bytes of the file that starts at the start of its buffer. */
async function readBytes(file: AsyncBuffer, start: number, end: number): Promise<DataView<ArrayBuffer>> {
  let buffer: ArrayBuffer;
  try {
    buffer = await file.slice(start, end);
  } catch (error) {
    throw new Damage(`cannot be read: ${(error as Error).message}`);
  }
  if (buffer.byteLength !== end - start) throw new Damage(`became shorter while it was read; ${DAMAGED}`);
  return new DataView(buffer);
}

function damaged(what: string): never {
  throw new Damage(`${what}; ${DAMAGED}`);
}
