import { expose, transfer } from 'comlink';
import { readingDifference } from '../../src/analysis/difference/reading-difference.ts';
import { skippedProcess } from '../../src/analysis/reading/left-out.ts';
import { RangeTable } from '../../src/analysis/table/range-table.ts';
import { fail, failWith, type Result, succeed } from '../../src/core/base/failure.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { SnapshotError } from '../../src/snapshot/damage.ts';
import { openSnapshot, type Snapshot } from '../../src/snapshot/reader.ts';
import { fileOf } from '../memory/file.ts';
import { runPolicyOf } from '../policy/run-policy.ts';
import type { ChangesWorker, ComparedReadings } from './changes-worker-protocol.ts';
import { Comparing, type Pause } from './comparing.ts';

/** Other questions are looked for so often, in ms. */
const SLICE_MS = 50;

/** The two readings that were compared last. */
let comparing: Comparing | undefined;
/** Counts comparisons, and predictions: an older one stops when it is not the last any more. */
let compared = 0;
let foretold = 0;

const worker: ChangesWorker = {
  async timeOf(source, name) {
    const opened = await open(source, name);
    return opened.ok ? succeed(opened.value.host.time) : opened;
  },

  async compare(before, after, onProgress) {
    const turn = ++compared;
    const isLast = () => turn === compared;
    comparing = undefined;
    const [earlier, later] = [await open(before.source, before.name), await open(after.source, after.name)];
    if (!earlier.ok) return earlier;
    if (!later.ok) return later;
    const [was, is] = [earlier.value, later.value];
    if (!isSameGeometry(was.host.geometry, is.host.geometry))
      return fail(
        'usage',
        `${before.name} and ${after.name} have pages of other sizes: nothing compares them`,
      );
    const all = Math.max(1, 2 * (was.rows + is.rows));
    const first = await read(was, isLast, (rows) => onProgress(rows / all));
    const second = first?.ok ? await read(is, isLast, (rows) => onProgress((was.rows + rows) / all)) : first;
    if (!first || !second || !isLast()) return undefined;
    if (!first.ok) return first;
    if (!second.ok) return second;
    const both = new Comparing(first.value, was.host, second.value, is.host);
    const answer = await both.compare(pauses(isLast));
    if (!answer) return undefined;
    comparing = both;
    const elapsedMs = Date.parse(is.host.time) - Date.parse(was.host.time);
    const comparison: ComparedReadings = {
      names: [before.name, after.name],
      before: was.host,
      after: is.host,
      notes: [...new Set([...notesOf(was), ...notesOf(is)])],
      difference: readingDifference(answer.memory, was.host, is.host, elapsedMs),
      rows: answer.rows,
    };
    const columns = Object.values(answer.rows).filter((each) => ArrayBuffer.isView(each));
    return transfer(
      succeed(comparison),
      columns.map(({ buffer }) => buffer as ArrayBuffer),
    );
  },

  async foretell(choice) {
    const turn = ++foretold;
    const of = comparing;
    const isLast = () => turn === foretold && of === comparing;
    const answer = await of?.foretell(runPolicyOf(choice), pauses(isLast));
    if (!answer?.memory.foretold) return undefined;
    const { memory, kinds } = answer;
    const processes = memory.processes.map((each) => each.foretold);
    return transfer({ choice, total: answer.memory.foretold, processes, kinds }, [
      kinds.buffer as ArrayBuffer,
    ]);
  },

  async tiles(rows) {
    if (!comparing) return undefined;
    const tiles = comparing.tiles(rows);
    return transfer(
      tiles,
      Object.values(tiles).map(({ buffer }) => buffer as ArrayBuffer),
    );
  },
};

expose(worker);

async function open(source: Blob | string, name: string): Promise<Result<Snapshot>> {
  const file = await fileOf(source);
  return file.ok ? openSnapshot(file.value, name) : file;
}

/** Reads a snapshot to its end; undefined if it is not wanted any more. */
async function read(
  { host, rows, items }: Snapshot,
  isWanted: () => boolean,
  onProgress: (rows: number) => void,
): Promise<Result<RangeTable> | undefined> {
  const table = new RangeTable(host.geometry, rows);
  let told = performance.now();
  try {
    for await (const item of items()) {
      if (!isWanted()) return undefined;
      table.add(item);
      if (performance.now() - told < 4 * SLICE_MS) continue;
      told = performance.now();
      onProgress(table.rows);
    }
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return failWith(error.failure);
  }
  return succeed(table);
}

/** Lets other questions come in some times a second; false once this one is not the last any more. */
function pauses(isLast: () => boolean): Pause {
  let end = performance.now() + SLICE_MS;
  return async () => {
    if (performance.now() > end) {
      await new Promise((resolve) => void setTimeout(resolve));
      end = performance.now() + SLICE_MS;
    }
    return isLast();
  };
}

function notesOf({ notices }: Snapshot): string[] {
  return notices.flatMap((each) => (each.kind === 'note' ? [each.message] : [skippedProcess(each).reason]));
}

function isSameGeometry(one: Geometry, other: Geometry): boolean {
  return one.pageShift === other.pageShift && one.pmdOrder === other.pmdOrder;
}
