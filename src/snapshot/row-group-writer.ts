import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { CacheRange } from '../core/memory/cache-range.ts';
import { type Geometry, rangeBytes } from '../core/memory/geometry.ts';
import type { RangeState } from '../core/memory/range-state.ts';
import type { Host, MemoryItem, Process } from '../core/rules/memory-source.ts';
import type { CachedFile } from '../core/rules/page-cache.ts';
import { processKey } from '../core/rules/process-key.ts';
import type { Vma } from '../core/rules/vma.ts';
import { crc32 } from './crc32.ts';
import { type PlacedNotice, packMetadata } from './metadata.ts';
import type { Output } from './output-file.ts';
import { factsOfProcess } from './process-facts.ts';
import { cacheColumns, NO_RANGE, noOwner, ownerColumns, rangeColumns } from './row.ts';
import {
  COLUMN_NAMES,
  type ColumnName,
  groupRows,
  type OwnerColumns,
  PARQUET_SCHEMA,
  type RangeColumns,
  wantsStatistics,
} from './schema.ts';

/** What has been written so far. */
export interface SnapshotProgress {
  readonly processes: number;
  readonly ranges: number;
  readonly bytes: number;
}

/**
 * Turns items into rows and rows into row groups: a row for each range, and one for what no range speaks of:
 * a VMA or file without ranges, a process without VMAs. Notices go to the metadata, with their place among
 * the rows.
 */
export class RowGroupWriter {
  readonly #host: Host;
  readonly #onProgress: ((progress: SnapshotProgress) => void) | undefined;
  readonly #buffer: GroupBuffer;
  readonly #parquet: ParquetWriter;
  readonly #groupRows: number;
  readonly #notices: PlacedNotice[] = [];
  readonly #facts = new Map<string, ReturnType<typeof factsOfProcess>>();
  readonly #groupChecksums: number[] = [];
  /** The rows of the group in two halves: rows of one VMA share the first. */
  #owners: OwnerColumns[] = [];
  #rangesOf: RangeColumns[] = [];
  #rowsBefore = 0;
  #processes = 0;
  #ranges = 0;
  #process: Process | undefined;
  #vma: Vma | undefined;
  /** Those of the process and VMA, once they are in a row. */
  #owner: OwnerColumns | undefined;
  readonly #files = new Map<string, CachedFile>();
  /** The file that was opened last: no process comes behind it. */
  #file: { readonly id: string; isWritten: boolean } | undefined;
  readonly #noOwner: OwnerColumns;

  constructor(file: Output, host: Host, onProgress?: (progress: SnapshotProgress) => void) {
    this.#host = host;
    this.#noOwner = noOwner(host);
    this.#onProgress = onProgress;
    this.#buffer = new GroupBuffer(file);
    this.#parquet = new ParquetWriter({
      writer: this.#buffer,
      schema: PARQUET_SCHEMA,
      createdBy: 'thpscope',
    });
    this.#groupRows = groupRows(host.geometry);
  }

  /** Writes the magic number, so that what is flushed next are the bytes of the first row group. */
  async begin(): Promise<void> {
    await this.#buffer.flush();
  }

  async add(item: MemoryItem): Promise<void> {
    switch (item.kind) {
      case 'process':
        if (this.#file) throw new Error('bug: a process behind a file');
        await this.#writeUnwritten();
        this.#process = item.process;
        this.#vma = undefined;
        this.#owner = undefined;
        this.#facts.set(processKey(item.process), factsOfProcess(item.process));
        this.#processes++;
        break;
      case 'vma':
        // The rows of a process's first VMA show the process too.
        if (this.#vma) await this.#writeUnwritten();
        this.#vma = item.vma;
        this.#owner = undefined;
        break;
      case 'ranges':
        for (const range of item.ranges) {
          this.#addRange(range);
          // Waiting for each would take as long as writing them.
          if (this.#isFull) await this.#writeGroup();
        }
        break;
      case 'file':
        await this.#writeUnwritten();
        if (this.#files.has(item.file.id)) throw new Error(`bug: file ${item.file.id} comes twice`);
        this.#files.set(item.file.id, item.file);
        this.#file = { id: item.file.id, isWritten: false };
        break;
      case 'cache-ranges':
        for (const range of item.ranges) {
          this.#addCacheRange(range);
          if (this.#isFull) await this.#writeGroup();
        }
        break;
      case 'skipped':
      case 'note':
        await this.#writeUnwritten();
        this.#notices.push({ row: this.#rowsBefore + this.#owners.length, notice: item });
    }
  }

  async finish(): Promise<SnapshotProgress> {
    await this.#writeUnwritten();
    await this.#writeGroup();
    this.#parquet.kvMetadata = packMetadata({
      host: this.#host,
      facts: this.#facts,
      files: this.#files,
      notices: this.#notices,
      groupChecksums: this.#groupChecksums,
    });
    await this.#parquet.finish();
    return this.#progress();
  }

  #addRange(range: RangeState): void {
    checkRange(range, this.#host.geometry);
    if (!this.#vma) throw new Error('bug: ranges without their VMA');
    this.#ranges++;
    this.#addRow(rangeColumns(range));
  }

  #addCacheRange(range: CacheRange): void {
    checkRange({ geometry: range.geometry, address: range.offset }, this.#host.geometry);
    if (!this.#file) throw new Error('bug: ranges without their file');
    this.#addFileRow(cacheColumns(this.#file.id, range));
  }

  #addFileRow(range: RangeColumns): void {
    if (this.#file) this.#file.isWritten = true;
    this.#owners.push(this.#noOwner);
    this.#rangesOf.push(range);
  }

  /** A row for the process, its VMA or the file, if no row shows it so far. */
  async #writeUnwritten(): Promise<void> {
    if (this.#file) {
      if (this.#file.isWritten) return;
      this.#addFileRow({ ...NO_RANGE, file: this.#file.id });
    } else {
      if (!this.#process || this.#owner) return;
      this.#addRow(NO_RANGE);
    }
    if (this.#isFull) await this.#writeGroup();
  }

  #addRow(range: RangeColumns): void {
    if (!this.#process) throw new Error('bug: memory without its process');
    this.#owner ??= ownerColumns(this.#host, this.#process, this.#vma);
    this.#owners.push(this.#owner);
    this.#rangesOf.push(range);
  }

  get #isFull(): boolean {
    return this.#owners.length === this.#groupRows;
  }

  async #writeGroup(): Promise<void> {
    const [owners, ranges] = [this.#owners, this.#rangesOf];
    if (owners.length === 0) return;
    const columnData = COLUMN_NAMES.map((name) => ({
      name,
      data: isOfRange(name) ? ranges.map((row) => row[name]) : owners.map((row) => row[name]),
      statistics: wantsStatistics(name),
    }));
    await this.#parquet.write({ columnData, rowGroupSize: owners.length });
    this.#groupChecksums.push(this.#buffer.flushedChecksum);
    this.#rowsBefore += owners.length;
    this.#owners = [];
    this.#rangesOf = [];
    this.#onProgress?.(this.#progress());
  }

  #progress(): SnapshotProgress {
    return { processes: this.#processes, ranges: this.#ranges, bytes: this.#buffer.offset };
  }
}

/** Holds the bytes of one row group until they go to the file. */
class GroupBuffer extends ByteWriter {
  readonly #file: Output;
  flushedChecksum = 0;

  constructor(file: Output) {
    super();
    this.#file = file;
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes();
    this.flushedChecksum = crc32(bytes);
    await this.#file.append(bytes);
    this.index = 0;
  }

  override finish(): Promise<void> {
    return this.flush();
  }
}

function isOfRange(name: ColumnName): name is keyof RangeColumns {
  return name in NO_RANGE;
}

function checkRange({ geometry, address }: Pick<RangeState, 'geometry' | 'address'>, host: Geometry): void {
  const fits = geometry.pageShift === host.pageShift && geometry.pmdOrder === host.pmdOrder;
  if (!fits) throw new Error('bug: a range of another geometry than its host');
  if (address % rangeBytes(geometry) !== 0) throw new Error(`bug: a range at ${address}, inside a PMD`);
}
