import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { type Geometry, rangeBytes } from '../core/memory/geometry.ts';
import type { RangeState } from '../core/memory/range-state.ts';
import type { Host, MemoryItem, Process } from '../core/rules/memory-source.ts';
import type { Vma } from '../core/rules/vma.ts';
import { crc32 } from './crc32.ts';
import { type PlacedNotice, packMetadata } from './metadata.ts';
import type { Output } from './output-file.ts';
import { factsOfProcess, processKey } from './process-facts.ts';
import { toRow } from './row.ts';
import { COLUMN_NAMES, groupRows, PARQUET_SCHEMA, type SnapshotRow, wantsStatistics } from './schema.ts';

/** What has been written so far. */
export interface SnapshotProgress {
  readonly processes: number;
  readonly ranges: number;
  readonly bytes: number;
}

/**
 * Turns items into rows and rows into row groups: a row for each range, and one for what no range speaks of:
 * a VMA without ranges, a process without VMAs. Notices go to the metadata, with their place among the rows.
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
  #rows: SnapshotRow[] = [];
  #rowsBefore = 0;
  #processes = 0;
  #ranges = 0;
  #process: Process | undefined;
  #vma: Vma | undefined;
  /** Whether the process, or VMA if there is one, is in no row so far. */
  #unwritten = false;

  constructor(file: Output, host: Host, onProgress?: (progress: SnapshotProgress) => void) {
    this.#host = host;
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
        await this.#writeUnwritten();
        this.#process = item.process;
        this.#vma = undefined;
        this.#unwritten = true;
        this.#facts.set(processKey(item.process), factsOfProcess(item.process));
        this.#processes++;
        break;
      case 'vma':
        // The rows of a process's first VMA show the process too.
        if (this.#vma) await this.#writeUnwritten();
        this.#vma = item.vma;
        this.#unwritten = true;
        break;
      case 'ranges':
        for (const range of item.ranges) await this.#writeRange(range);
        break;
      case 'skipped':
      case 'note':
        await this.#writeUnwritten();
        this.#notices.push({ row: this.#rowsBefore + this.#rows.length, notice: item });
    }
  }

  async finish(): Promise<SnapshotProgress> {
    await this.#writeUnwritten();
    await this.#writeGroup();
    this.#parquet.kvMetadata = packMetadata({
      host: this.#host,
      facts: this.#facts,
      notices: this.#notices,
      groupChecksums: this.#groupChecksums,
    });
    await this.#parquet.finish();
    return this.#progress();
  }

  async #writeRange(range: RangeState): Promise<void> {
    checkRange(range, this.#host.geometry);
    if (!this.#vma) throw new Error('bug: ranges without their VMA');
    this.#unwritten = false;
    this.#ranges++;
    await this.#writeRow(this.#vma, range);
  }

  async #writeUnwritten(): Promise<void> {
    if (!this.#unwritten) return;
    this.#unwritten = false;
    await this.#writeRow(this.#vma);
  }

  async #writeRow(vma?: Vma, range?: RangeState): Promise<void> {
    if (!this.#process) throw new Error('bug: memory without its process');
    this.#rows.push(toRow(this.#host, this.#process, vma, range));
    if (this.#rows.length === this.#groupRows) await this.#writeGroup();
  }

  async #writeGroup(): Promise<void> {
    const rows = this.#rows;
    if (rows.length === 0) return;
    const columnData = COLUMN_NAMES.map((name) => ({
      name,
      data: rows.map((row) => row[name]),
      statistics: wantsStatistics(name),
    }));
    await this.#parquet.write({ columnData, rowGroupSize: rows.length });
    this.#groupChecksums.push(this.#buffer.flushedChecksum);
    this.#rowsBefore += rows.length;
    this.#rows = [];
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

function checkRange({ geometry, address }: RangeState, host: Geometry): void {
  const fits = geometry.pageShift === host.pageShift && geometry.pmdOrder === host.pmdOrder;
  if (!fits) throw new Error('bug: a range of another geometry than its host');
  if (address % rangeBytes(geometry) !== 0) throw new Error(`bug: a range at ${address}, inside a PMD`);
}
