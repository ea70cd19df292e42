import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { type Result, succeed } from '../core/failure.ts';
import type { Geometry } from '../core/geometry.ts';
import type { MemoryItem, MemorySource } from '../core/memory-source.ts';
import type { RangeState } from '../core/range-state.ts';
import { Damage, damageFailure, SnapshotError } from './damage.ts';
import { type Notice, type SnapshotMetadata, unpackMetadata } from './metadata.ts';
import { checkSchema, readFooter, readRowGroup } from './parquet-file.ts';
import { processOf, rangeOf, vmaOf } from './row.ts';
import type { SnapshotRow } from './schema.ts';

/** A snapshot that can also be read in pieces, by several readers at once. */
export interface Snapshot extends MemorySource {
  /** Row groups: pieces of bounded size that are read on their own. */
  readonly groups: number;
  /** Rows of the file: at least as many as it has ranges. */
  readonly rows: number;
  /** The items of one row group. It begins with its process and VMA; notices are left out. */
  groupItems(index: number): AsyncIterable<MemoryItem>;
  readonly notices: readonly Notice[];
}

/**
 * Opens a snapshot as the source that it was written from: the same host and the same items in the same order, but for
 * the grouping of ranges into `ranges` items. Reads one row group at a time, so memory is bounded whatever the size of
 * the file. Runs in browsers.
 *
 * `name` is what messages call the file. A file that is no sound snapshot is a failure of kind `unreadable`; damage
 * beyond the footer shows only as `items()` gets there, which then throws a `SnapshotError`.
 */
export async function openSnapshot(file: AsyncBuffer, name: string): Promise<Result<Snapshot>> {
  try {
    const footer = await readFooter(file);
    const metadata = unpackMetadata(footer.key_value_metadata ?? []);
    checkSchema(footer);
    if (metadata.groupChecksums.length !== footer.row_groups.length) {
      throw new Damage('its footer is wrong about its row groups; copy the file again or capture a new one');
    }
    return succeed({
      host: metadata.host,
      groups: metadata.groupChecksums.length,
      rows: Number(footer.num_rows),
      notices: metadata.notices.map(({ notice }) => notice),
      items: () => items(file, name, footer, metadata, [...metadata.groupChecksums.keys()]),
      groupItems: (index) => items(file, name, footer, { ...metadata, notices: [] }, [index]),
    });
  } catch (error) {
    return damageFailure(name, error);
  }
}

async function* items(
  file: AsyncBuffer,
  name: string,
  footer: FileMetaData,
  metadata: SnapshotMetadata,
  groups: readonly number[],
): AsyncGenerator<MemoryItem> {
  const replay = new Replay(metadata);
  try {
    for (const index of groups) {
      const rows = await readRowGroup(file, footer, index, metadata.groupChecksums[index]);
      for (const row of rows) yield* replay.row(row);
      yield* replay.ranges();
    }
    yield* replay.noticesBefore(Infinity);
  } catch (error) {
    throw new SnapshotError(damageFailure(name, error).failure);
  }
}

/** Turns rows back into items: a process or VMA opens where its columns change, ranges are handed out together. */
class Replay {
  readonly metadata: SnapshotMetadata;
  #pending: RangeState[] = [];
  #rowsSeen = 0;
  #noticesSeen = 0;
  #last: SnapshotRow | undefined;

  constructor(metadata: SnapshotMetadata) {
    this.metadata = metadata;
  }

  *row(row: SnapshotRow): Generator<MemoryItem> {
    const { geometry } = this.metadata.host;
    checkGeometry(row, geometry);
    yield* this.noticesBefore(this.#rowsSeen++);
    const last = this.#last;
    this.#last = row;
    const sameProcess = row.pid === last?.pid && row.process_start_time === last.process_start_time;
    const sameVma = sameProcess && row.vma_start === last?.vma_start;
    if (!sameVma) yield* this.ranges();
    if (!sameProcess) yield { kind: 'process', process: processOf(row) };
    if (!sameVma && row.vma_start !== null) yield { kind: 'vma', vma: vmaOf(row) };
    if (row.range_address !== null) this.#pending.push(rangeOf(row, geometry));
  }

  *ranges(): Generator<MemoryItem> {
    if (this.#pending.length > 0) yield { kind: 'ranges', ranges: this.#pending };
    this.#pending = [];
  }

  *noticesBefore(row: number): Generator<MemoryItem> {
    const { notices } = this.metadata;
    while (this.#noticesSeen < notices.length && notices[this.#noticesSeen].row <= row) {
      yield* this.ranges();
      yield notices[this.#noticesSeen++].notice;
    }
  }
}

function checkGeometry(row: SnapshotRow, { pageShift, pmdOrder }: Geometry): void {
  if (row.page_shift !== pageShift || row.pmd_order !== pmdOrder) {
    const found = `page shift ${row.page_shift} and PMD order ${row.pmd_order}`;
    throw new Damage(
      `has a row of ${found}, not the host's ${pageShift} and ${pmdOrder}; capture the memory again`,
    );
  }
}
