// A worker thread that digests row groups of snapshots: it takes the next one that no other has taken.
import { parentPort, workerData } from 'node:worker_threads';
import { DigestCollector } from '../analysis/digest-collector.ts';
import { digestJson, type ProcessJson } from '../analysis/digest-json.ts';
import type { Failure } from '../core/failure.ts';
import { SnapshotError } from '../snapshot/damage.ts';
import { openSnapshotFile, type SnapshotFile } from '../snapshot/file.ts';
import { SHARED } from './worker-pool.ts';

export interface DigestTask {
  readonly paths: readonly string[];
  readonly walkAll: boolean;
  readonly counters: Int32Array;
}

/** A process in one row group; `place` orders what all workers found as the snapshots have it. */
export interface DigestPiece {
  readonly file: number;
  readonly place: readonly [group: number, process: number];
  readonly process: ProcessJson;
}

export type DigestPieces = { readonly pieces: readonly DigestPiece[] } | { readonly failure: Failure };

parentPort?.postMessage(await digestGroups(workerData as DigestTask));

async function digestGroups({ paths, walkAll, counters }: DigestTask): Promise<DigestPieces> {
  const files: SnapshotFile[] = [];
  for (const path of paths) {
    const file = await openSnapshotFile(path);
    if (!file.ok) return { failure: file.failure };
    files.push(file.value);
  }
  const groups = files.flatMap((each, file) =>
    Array.from({ length: each.groups }, (_, group) => ({ file, group })),
  );
  const pieces: DigestPiece[] = [];
  const collector = new DigestCollector(files[0].host.geometry, walkAll);
  for (;;) {
    const index = Atomics.add(counters, SHARED.next, 1);
    if (index >= groups.length) return { pieces };
    const { file, group } = groups[index];
    try {
      for await (const item of files[file].groupItems(group)) collector.add(item);
    } catch (error) {
      if (error instanceof SnapshotError) return { failure: error.failure };
      throw error;
    }
    const processes = collector.finish();
    const { processes: packed } = digestJson({ host: files[file].host, processes, skipped: [], notes: [] });
    packed.forEach((process, i) => pieces.push({ file, place: [index, i], process }));
    Atomics.add(counters, SHARED.done, 1);
  }
}
