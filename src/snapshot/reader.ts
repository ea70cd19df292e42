import type { AsyncBuffer } from 'hyparquet';
import { type Result, succeed } from '../core/base/failure.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import type { RangeState } from '../core/memory/range-state.ts';
import type { MemoryItem, MemorySource } from '../core/rules/memory-source.ts';
import { Damage, damageFailure, SnapshotError } from './damage.ts';
import { type Notice, type SnapshotMetadata, unpackMetadata } from './metadata.ts';
import { checkRows, checkSchema, type KeptChunks, readFooter, readRowGroup } from './parquet-file.ts';
import { withFacts } from './process-facts.ts';
import { processOf, rangesOfColumns, vmaOf } from './row.ts';
import type { SnapshotColumns } from './schema.ts';

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
    const groups: RowGroups = {
      name,
      read: (index) => readRowGroup(file, footer, index, metadata.groupChecksums[index], kept),
    };
    return succeed({
      host: metadata.host,
      groups: metadata.groupChecksums.length,
      rows: Number(footer.num_rows),
      notices: metadata.notices.map(({ notice }) => notice),
      items: () => items(groups, metadata, [...metadata.groupChecksums.keys()]),
      groupItems: (index) => items(groups, { ...metadata, notices: [] }, [index]),
    });
  } catch (error) {
    return damageFailure(name, error);
  }
}

/** The row groups of an open file. */
interface RowGroups {
  /** The name of the file. */
  readonly name: string;
  read(index: number): Promise<SnapshotColumns>;
}

async function* items(
  groups: RowGroups,
  metadata: SnapshotMetadata,
  indexes: readonly number[],
): AsyncGenerator<MemoryItem> {
  const replay = new Replay(metadata);
  try {
    for (const index of indexes) yield* replay.group(await groups.read(index));
    yield* replay.noticesBefore(Infinity);
  } catch (error) {
    throw new SnapshotError(damageFailure(groups.name, error).failure);
  }
}

/**
 * Turns rows back into items: a process or VMA opens where its columns change, ranges are handed out
 * together.
 */
class Replay {
  readonly metadata: SnapshotMetadata;
  #pending: RangeState[] = [];
  #rowsSeen = 0;
  #noticesSeen = 0;
  #pid: number | undefined;
  #startTime: bigint | undefined;
  #vmaStart: bigint | null = null;

  constructor(metadata: SnapshotMetadata) {
    this.metadata = metadata;
  }

  *group(columns: SnapshotColumns): Generator<MemoryItem> {
    const { geometry } = this.metadata.host;
    checkGeometry(columns, geometry);
    const ranges = rangesOfColumns(columns, geometry);
    const { pid, process_start_time, vma_start } = columns;
    for (let row = 0; row < ranges.length; row++) {
      if (this.#noticesSeen < this.metadata.notices.length) yield* this.noticesBefore(this.#rowsSeen);
      this.#rowsSeen++;
      const sameProcess = pid[row] === this.#pid && process_start_time[row] === this.#startTime;
      if (!sameProcess || vma_start[row] !== this.#vmaStart) {
        yield* this.ranges();
        if (!sameProcess) yield this.#process(columns, row);
        if (vma_start[row] !== null) yield { kind: 'vma', vma: vmaOf(columns, row) };
        this.#pid = pid[row];
        this.#startTime = process_start_time[row];
        this.#vmaStart = vma_start[row];
      }
      const range = ranges[row];
      if (range) this.#pending.push(range);
    }
    yield* this.ranges();
  }

  #process(columns: SnapshotColumns, row: number): MemoryItem {
    return { kind: 'process', process: withFacts(processOf(columns, row), this.metadata.facts) };
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

function checkGeometry({ page_shift, pmd_order }: SnapshotColumns, { pageShift, pmdOrder }: Geometry): void {
  for (let row = 0; row < page_shift.length; row++) {
    if (page_shift[row] === pageShift && pmd_order[row] === pmdOrder) continue;
    const found = `page shift ${page_shift[row]} and PMD order ${pmd_order[row]}`;
    throw new Damage(
      `has a row of ${found}, not the host's ${pageShift} and ${pmdOrder}; capture the memory again`,
    );
  }
}
