import type { SchemaElement } from 'hyparquet';
import type { Geometry } from '../core/memory/geometry.ts';
import { eachFact, type PageFact } from '../core/memory/range-state.ts';

/** To be raised when readers of the version before would misread a file. */
export const FORMAT_VERSION = 3;

/**
 * Parquet key-value metadata: the snapshot's facts as JSON, and the CRC-32 of that JSON as eight hex digits.
 */
export const METADATA_KEY = 'thpscope';
export const METADATA_CRC_KEY = 'thpscope.crc32';

/** Rows in the largest row group: 8 GiB of address space at 4 KiB pages. */
export const MAX_GROUP_ROWS = 4096;

/** Rows in a row group: about the same number of PTEs in every geometry, so about the same memory. */
export function groupRows(geometry: Geometry): number {
  return Math.min(MAX_GROUP_ROWS, (2 ** 21) >>> geometry.pmdOrder);
}

/** Whose memory it is and when it was read. */
interface ProcessColumns {
  host: string;
  boot_id: string;
  /** Milliseconds since 1970. */
  time: bigint;
  pid: number;
  process_start_time: bigint;
  command: string;
  cgroup: string;
  process_thp_disabled: boolean;
  page_shift: number;
  pmd_order: number;
}

/** All null in a row that only names a process. */
interface VmaColumns {
  vma_start: bigint | null;
  vma_end: bigint | null;
  vma_name: string | null;
  vma_flags: string | null;
  vma_anonymous: boolean | null;
  vma_thp_eligible: boolean | null;
  vma_rss_bytes: bigint | null;
  vma_swap_bytes: bigint | null;
  /** Null in anonymous memory too. */
  vma_file: string | null;
  vma_file_offset: bigint | null;
}

/** All null but in a row of a file. One without `file_offset` only names the file. */
interface CacheColumns {
  file: string | null;
  file_offset: bigint | null;
  swap_pages: number | null;
  dirty_pages: number | null;
  mapped_pages: number | null;
}

/** All null in a row that only names a VMA. Bytes: see packed-bytes.ts. */
export interface RangeColumns extends Record<PageFact, Uint8Array | null>, CacheColumns {
  range_address: bigint | null;
  uffd_armed: boolean | null;
  folio_orders: Uint8Array | null;
  pmd_mapped: boolean | null;
  shared_runs: Uint8Array | null;
}

/** What all rows of a VMA have in common. */
export interface OwnerColumns extends ProcessColumns, VmaColumns {}

export interface SnapshotRow extends OwnerColumns, RangeColumns {}

export type ColumnName = keyof SnapshotRow;

/** The columns that only other programs need: the metadata says the same for the whole file. */
type RepeatedColumn = 'host' | 'boot_id' | 'time';

export type ReadColumn = Exclude<ColumnName, RepeatedColumn>;

/** What is read of a row group: one value a row in every column. */
export type SnapshotColumns = { readonly [K in ReadColumn]: ArrayLike<SnapshotRow[K]> };

type ColumnType = 'text' | 'time' | 'int32' | 'int64' | 'boolean' | 'bytes';

/** Every column, in file order; `?` marks those that may be null. */
const COLUMN_TYPES: Record<ColumnName, ColumnType | `${ColumnType}?`> = {
  host: 'text',
  boot_id: 'text',
  time: 'time',
  pid: 'int32',
  process_start_time: 'int64',
  command: 'text',
  cgroup: 'text',
  process_thp_disabled: 'boolean',
  page_shift: 'int32',
  pmd_order: 'int32',
  vma_start: 'int64?',
  vma_end: 'int64?',
  vma_name: 'text?',
  vma_flags: 'text?',
  vma_anonymous: 'boolean?',
  vma_thp_eligible: 'boolean?',
  vma_rss_bytes: 'int64?',
  vma_swap_bytes: 'int64?',
  range_address: 'int64?',
  uffd_armed: 'boolean?',
  // The names of facts are those of their columns.
  ...eachFact(() => 'bytes?' as const),
  folio_orders: 'bytes?',
  pmd_mapped: 'boolean?',
  shared_runs: 'bytes?',
  vma_file: 'text?',
  vma_file_offset: 'int64?',
  file: 'text?',
  file_offset: 'int64?',
  swap_pages: 'int32?',
  dirty_pages: 'int32?',
  mapped_pages: 'int32?',
};

export const COLUMN_NAMES = Object.keys(COLUMN_TYPES) as ColumnName[];

/** How many of the columns files of each format have, format 1 first: what is new comes last. */
export const FORMAT_COLUMNS: readonly number[] = [
  COLUMN_NAMES.indexOf('shared_runs'),
  COLUMN_NAMES.indexOf('vma_file'),
  COLUMN_NAMES.length,
];

const REPEATED_COLUMNS: readonly ColumnName[] = ['host', 'boot_id', 'time'] satisfies RepeatedColumn[];

export const READ_COLUMNS = COLUMN_NAMES.filter(isReadColumn);

export function isReadColumn(name: ColumnName): name is ReadColumn {
  return !REPEATED_COLUMNS.includes(name);
}

const ELEMENTS: Record<ColumnType, Omit<SchemaElement, 'name'>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
  bytes: { type: 'BYTE_ARRAY' },
};

/** The Parquet schema: a root, then one element a column. */
export const PARQUET_SCHEMA: SchemaElement[] = [
  { name: 'thpscope', num_children: COLUMN_NAMES.length },
  ...COLUMN_NAMES.map((name): SchemaElement => {
    const [type, nullable] = COLUMN_TYPES[name].split('?');
    const repetition_type = nullable === undefined ? 'REQUIRED' : 'OPTIONAL';
    return { name, repetition_type, ...ELEMENTS[type as ColumnType] };
  }),
];

/** Minima and maxima of bitmaps would only swell the footer. */
export function wantsStatistics(name: ColumnName): boolean {
  return !COLUMN_TYPES[name].startsWith('bytes');
}
