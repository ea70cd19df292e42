// A worker thread that digests row groups of snapshots: it takes the next span of them that no other has
// taken.
import { parentPort, workerData } from 'node:worker_threads';
import { DigestCollector } from '../../../analysis/digest/digest-collector.ts';
import type { ProcessDigest } from '../../../analysis/digest/memory-digest.ts';
import { type Result, succeed } from '../../../core/base/failure.ts';
import type { Process } from '../../../core/rules/memory-source.ts';
import type { TlbReach } from '../../../core/rules/tlb-reach.ts';
import type { Vma } from '../../../core/rules/vma.ts';
import { openSnapshotFile, type SnapshotFile } from '../../../snapshot/file.ts';
import type { InputFile } from '../input/input-file.ts';
import { failureOfThrown } from '../memory/read-memory.ts';
import { SHARED } from '../worker-pool.ts';

/** Row groups of one file that follow each other. */
export interface GroupSpan {
  readonly file: number;
  readonly first: number;
  readonly end: number;
}

export interface DigestTask {
  readonly files: readonly InputFile[];
  readonly spans: readonly GroupSpan[];
  readonly reach: TlbReach;
  readonly walkAll: boolean | undefined;
  readonly counters: Int32Array;
}

/** A VMA that maps a file of a snapshot. */
export interface SnapshotMapper {
  readonly file: number;
  readonly process: Process;
  readonly vma: Vma;
}

/** What a worker found: processes, and what the page cache is counted from once all VMAs are known. */
export interface DigestedSpans {
  readonly pieces: readonly DigestPiece[];
  readonly mappers: readonly SnapshotMapper[];
  /** Row groups with the page cache of files. */
  readonly cacheGroups: readonly { readonly file: number; readonly group: number }[];
}

/** A process in one span; `place` orders what all workers found as the snapshots have it. */
export interface DigestPiece {
  readonly file: number;
  readonly place: readonly [span: number, process: number];
  readonly digest: ProcessDigest;
}

void failureOfThrown(() => digestGroups(workerData as DigestTask)).then((digested) =>
  parentPort?.postMessage(digested),
);

async function digestGroups({
  files,
  spans,
  reach,
  walkAll,
  counters,
}: DigestTask): Promise<Result<DigestedSpans>> {
  const snapshots: SnapshotFile[] = [];
  for (const { path, name } of files) {
    const snapshot = await openSnapshotFile(path, name);
    if (!snapshot.ok) return snapshot;
    snapshots.push(snapshot.value);
  }
  const pieces: DigestPiece[] = [];
  const mappers: SnapshotMapper[] = [];
  const cacheGroups: { file: number; group: number }[] = [];
  const collectors = snapshots.map(
    ({ host }) => new DigestCollector(host.geometry, reach.pages, { walkAll, surroundings: host }),
  );
  for (;;) {
    const index = Atomics.add(counters, SHARED.next, 1);
    if (index >= spans.length) return succeed({ pieces, mappers, cacheGroups });
    const { file, first, end } = spans[index];
    const collector = collectors[file];
    let last: Process | undefined;
    let mapped: Vma | undefined;
    for (let group = first; group < end; group++) {
      for await (const item of snapshots[file].groupItems(group)) {
        if (item.kind === 'process') {
          // Each row group opens its process anew.
          if (item.process.pid === last?.pid && item.process.startTime === last.startTime) continue;
          last = item.process;
          mapped = undefined;
        }
        if (item.kind === 'file' || item.kind === 'cache-ranges') {
          const known = cacheGroups.at(-1);
          if (known?.file !== file || known.group !== group) cacheGroups.push({ file, group });
          continue;
        }
        // Each row group opens its VMA anew, too.
        if (item.kind === 'vma' && item.vma.mapping && last && item.vma.start !== mapped?.start) {
          mappers.push({ file, process: last, vma: item.vma });
          mapped = item.vma;
        }
        collector.add(item);
      }
      Atomics.add(counters, SHARED.done, 1);
    }
    for (const [i, digest] of collector.finish().entries()) pieces.push({ file, place: [index, i], digest });
  }
}
