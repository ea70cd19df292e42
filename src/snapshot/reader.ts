import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { clip } from '../core/base/clip.ts';
import { type Result, succeed } from '../core/base/failure.ts';
import type { CacheRange } from '../core/memory/cache-range.ts';
import { type Geometry, rangeBytes } from '../core/memory/geometry.ts';
import type { RangeState } from '../core/memory/range-state.ts';
import { MemoryCheck } from '../core/rules/memory-check.ts';
import type { MemoryItem, MemorySource } from '../core/rules/memory-source.ts';
import { Damage, damageFailure, SnapshotError } from './damage.ts';
import { type Notice, type SnapshotMetadata, unpackMetadata } from './metadata.ts';
import {
  checkRows,
  checkSchema,
  type KeptChunks,
  readFooter,
  readRowGroup,
  statisticsOf,
} from './parquet-file.ts';
import { withFacts } from './process-facts.ts';
import { cacheRangeOf, packAddress, processOf, rangeReader, vmaOf } from './row.ts';
import type { SnapshotColumns } from './schema.ts';

/** A snapshot that can also be read in pieces, by several readers at once. */
export interface Snapshot extends MemorySource {
  /** Row groups: pieces of bounded size that are read on their own. */
  readonly groups: number;
  /** Rows of the file: at least as many as it has ranges. */
  readonly rows: number;
  /** Files, and shared memory, of which it has what the page cache holds. */
  readonly files: number;
  /** The items of one row group. It begins with its process and VMA, or its file; notices are left out. */
  groupItems(index: number): AsyncIterable<MemoryItem>;
  /** The row groups that may hold the PMD range around an address, by what the footer says of them. */
  groupsAround(address: number): readonly number[];
  readonly notices: readonly Notice[];
}

/**
 * Opens a snapshot as the source that it was written from: the same host and the same items in the same
 * order, but for the grouping of ranges into `ranges` items. Reads one row group at a time, so memory is
 * bounded whatever the size of the file. Runs in browsers.
 *
 * `name` is what messages call the file. A file that is no sound snapshot is a failure of kind `unreadable`;
 * damage beyond the footer shows only as `items()` gets there, which then throws a `SnapshotError`.
 */
export async function openSnapshot(file: AsyncBuffer, name: string): Promise<Result<Snapshot>> {
  try {
    const footer = await readFooter(file);
    const metadata = unpackMetadata(footer.key_value_metadata ?? []);
    checkSchema(footer);
    checkRows(footer);
    if (metadata.groupChecksums.length !== footer.row_groups.length) {
      throw new Damage('its footer is wrong about its row groups; copy the file again or capture a new one');
    }
    const kept: KeptChunks = new Map();
    const groups = new RowGroups(name, footer, (index) =>
      readRowGroup(file, footer, index, metadata.groupChecksums[index], kept),
    );
    return succeed({
      host: metadata.host,
      groups: metadata.groupChecksums.length,
      rows: Number(footer.num_rows),
      files: metadata.files.size,
      notices: metadata.notices.map(({ notice }) => notice),
      items: () => allItems(groups, metadata),
      groupItems: (index) => groupItems(groups, { ...metadata, notices: [] }, index),
      groupsAround: (address) => groupsAround(footer, address, metadata.host.geometry),
    });
  } catch (error) {
    return damageFailure(name, error);
  }
}

function groupsAround({ row_groups }: FileMetaData, address: number, geometry: Geometry): readonly number[] {
  const range = packAddress(address - (address % rangeBytes(geometry)));
  return [...row_groups.keys()].filter((index) => {
    const { min_value: min, max_value: max } = statisticsOf(row_groups[index], 'range_address') ?? {};
    return typeof min !== 'bigint' || typeof max !== 'bigint' || (min <= range && range <= max);
  });
}

/** The row groups of an open file. */
class RowGroups {
  readonly name: string;
  readonly read: (index: number) => Promise<SnapshotColumns>;
  readonly #rowsBefore: number[] = [];
  /** What was checked up to the end of the group that was read last on its own. */
  checked: { readonly end: number; readonly check: MemoryCheck } | undefined;

  constructor(name: string, { row_groups }: FileMetaData, read: RowGroups['read']) {
    this.name = name;
    this.read = read;
    let rows = 0;
    for (const { num_rows } of row_groups) {
      this.#rowsBefore.push(rows);
      rows += Number(num_rows);
    }
  }

  rowsBefore(index: number): number {
    return this.#rowsBefore[index];
  }
}

async function* allItems(groups: RowGroups, metadata: SnapshotMetadata): AsyncGenerator<MemoryItem> {
  try {
    const replay = new Replay(metadata, new MemoryCheck(metadata.host.geometry));
    for (const index of metadata.groupChecksums.keys()) yield* replay.group(await groups.read(index));
    yield* replay.noticesBefore(Infinity);
  } catch (error) {
    throw new SnapshotError(damageFailure(groups.name, error).failure);
  }
}

async function* groupItems(
  groups: RowGroups,
  metadata: SnapshotMetadata,
  index: number,
): AsyncGenerator<MemoryItem> {
  try {
    const check = await checkedBefore(groups, metadata, index);
    const replay = new Replay(metadata, check, groups.rowsBefore(index));
    yield* replay.group(await groups.read(index));
    groups.checked = { end: index + 1, check };
  } catch (error) {
    throw new SnapshotError(damageFailure(groups.name, error).failure);
  }
}

/**
 * What to hold the rows of a group to: to the last rows of the group before, too, which is read for it unless
 * it was the last one read.
 */
async function checkedBefore(
  groups: RowGroups,
  metadata: SnapshotMetadata,
  index: number,
): Promise<MemoryCheck> {
  if (groups.checked?.end === index) return groups.checked.check;
  const check = new MemoryCheck(metadata.host.geometry);
  if (index === 0) return check;
  const before = new Replay(metadata, check, groups.rowsBefore(index - 1));
  for (const _ of before.group(await groups.read(index - 1)));
  return check;
}

/**
 * Turns rows back into items: a process, VMA or file opens where its columns change, ranges are handed out
 * together. Throws Damage with the number of a row that no memory has.
 */
class Replay {
  readonly metadata: SnapshotMetadata;
  readonly #check: MemoryCheck;
  #pending: RangeState[] = [];
  #pendingOfFile: CacheRange[] = [];
  #rowsSeen: number;
  #noticesSeen = 0;
  #pid: number | undefined;
  #startTime: bigint | undefined;
  #vmaStart: bigint | null = null;
  #file: string | null = null;

  /** `rowsBefore` are those of the file before the first group. */
  constructor(metadata: SnapshotMetadata, check: MemoryCheck, rowsBefore = 0) {
    this.metadata = metadata;
    this.#check = check;
    this.#rowsSeen = rowsBefore;
  }

  *group(columns: SnapshotColumns): Generator<MemoryItem> {
    const { geometry } = this.metadata.host;
    const rangeAt = rangeReader(columns, geometry);
    try {
      for (let row = 0; row < columns.pid.length; row++) {
        if (this.#noticesSeen < this.metadata.notices.length) yield* this.noticesBefore(this.#rowsSeen);
        this.#rowsSeen++;
        checkGeometry(columns, row, geometry);
        const file = columns.file[row];
        if (file !== null) {
          yield* this.#addFileRow(columns, row, file);
          continue;
        }
        if (this.#opens(columns, row)) yield* this.#open(columns, row);
        const range = rangeAt(row);
        if (!range) continue;
        refuse(columns.vma_start[row] === null ? 'a range without a VMA' : this.#check.range(range));
        this.#pending.push(range);
      }
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      throw new Damage(`row ${this.#rowsSeen}: ${error.message}`);
    }
    yield* this.ranges();
  }

  /** The file of a row, if it is another than that of the row before, and the range of it. */
  *#addFileRow(columns: SnapshotColumns, row: number, id: string): Generator<MemoryItem> {
    if (id !== this.#file) {
      yield* this.ranges();
      const file = this.metadata.files.get(id);
      if (!file) throw new Damage(`file '${clip(id)}' is not in its metadata; capture the memory again`);
      refuse(this.#check.file(file));
      yield { kind: 'file', file };
      this.#file = id;
    }
    const range = cacheRangeOf(columns, row, this.metadata.host.geometry);
    if (!range) return;
    refuse(this.#check.cacheRange(range));
    this.#pendingOfFile.push(range);
  }

  #opens({ pid, process_start_time, vma_start }: SnapshotColumns, row: number): boolean {
    return (
      pid[row] !== this.#pid ||
      process_start_time[row] !== this.#startTime ||
      vma_start[row] !== this.#vmaStart
    );
  }

  /** The process and the VMA of a row, as far as they are others than those of the row before. */
  *#open(columns: SnapshotColumns, row: number): Generator<MemoryItem> {
    const pid = columns.pid[row];
    const startTime = columns.process_start_time[row];
    const vmaStart = columns.vma_start[row];
    yield* this.ranges();
    if (pid !== this.#pid || startTime !== this.#startTime) {
      const process = withFacts(processOf(columns, row), this.metadata.facts);
      refuse(this.#check.process(process));
      yield { kind: 'process', process };
    }
    if (vmaStart !== null) {
      const vma = vmaOf(columns, row);
      refuse(this.#check.vma(vma));
      yield { kind: 'vma', vma };
    }
    this.#pid = pid;
    this.#startTime = startTime;
    this.#vmaStart = vmaStart;
  }

  *ranges(): Generator<MemoryItem> {
    if (this.#pending.length > 0) yield { kind: 'ranges', ranges: this.#pending };
    this.#pending = [];
    if (this.#pendingOfFile.length > 0) yield { kind: 'cache-ranges', ranges: this.#pendingOfFile };
    this.#pendingOfFile = [];
  }

  *noticesBefore(row: number): Generator<MemoryItem> {
    const { notices } = this.metadata;
    while (this.#noticesSeen < notices.length && notices[this.#noticesSeen].row <= row) {
      yield* this.ranges();
      yield notices[this.#noticesSeen++].notice;
    }
  }
}

/** Throws Damage if there is a complaint. */
function refuse(complaint: string | undefined): void {
  if (complaint !== undefined) throw new Damage(`${complaint}; capture the memory again`);
}

function checkGeometry(
  { page_shift, pmd_order }: SnapshotColumns,
  row: number,
  { pageShift, pmdOrder }: Geometry,
): void {
  if (page_shift[row] === pageShift && pmd_order[row] === pmdOrder) return;
  const found = `page shift ${page_shift[row]} and PMD order ${pmd_order[row]}`;
  refuse(`${found} are not the host's ${pageShift} and ${pmdOrder}`);
}
