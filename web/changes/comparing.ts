import type { ForetoldUnder } from '../../src/analysis/difference/foreteller.ts';
import { type Foretold, SURPRISES } from '../../src/analysis/difference/foretold.ts';
import {
  type ComparedRange,
  type MemoryDifference,
  memoryDifference,
} from '../../src/analysis/difference/memory-difference.ts';
import { MISSES } from '../../src/analysis/difference/missed-window.ts';
import { noChanges, PAGE_CHANGES, RangeChanges } from '../../src/analysis/difference/page-changes.ts';
import type { RangeTable } from '../../src/analysis/table/range-table.ts';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import type { Host, MemoryItem } from '../../src/core/rules/memory-source.ts';
import type { MapVma } from '../memory/memory-worker-protocol.ts';
import {
  type ChangeTiles,
  type ComparedRows,
  FORETOLD_KINDS,
  type ForetoldKind,
} from './changes-worker-protocol.ts';

/** Ranges between two pauses. */
const STEP = 128;

/** Is waited for now and then; false ends what is being done. */
export type Pause = () => Promise<boolean>;

/** Two readings in tables. The ranges of both come to rows, those of the later one in its order. */
export class Comparing {
  readonly #before: RangeTable;
  readonly #after: RangeTable;
  readonly #hosts: readonly [Host, Host];
  readonly #changes: RangeChanges;
  /** By row, the row of either table; -1 where it has none. */
  #rows: { readonly before: Int32Array; readonly after: Int32Array } | undefined;

  constructor(before: RangeTable, beforeHost: Host, after: RangeTable, afterHost: Host) {
    this.#before = before;
    this.#after = after;
    this.#hosts = [beforeHost, afterHost];
    this.#changes = new RangeChanges(before.geometry);
  }

  /** What changed, in sums and row by row; undefined if a pause ended it. */
  async compare(
    pause: Pause,
  ): Promise<{ readonly memory: MemoryDifference; readonly rows: ComparedRows } | undefined> {
    const rows = new RowColumns(this.#before, this.#after);
    const memory = await this.#difference(undefined, pause, (range) => rows.add(range));
    if (!memory) return undefined;
    const { columns, ...places } = rows.finish();
    this.#rows = places;
    return { memory, rows: columns };
  }

  /** The same with what was to be expected of the earlier reading; undefined if a pause ended it. */
  async foretell(
    runPolicy: ForetoldUnder['runPolicy'],
    pause: Pause,
  ): Promise<{ readonly memory: MemoryDifference; readonly kinds: Uint8Array } | undefined> {
    const kinds = new Uint8Array(this.#before.rows + this.#after.rows);
    let row = 0;
    const [surroundings, laterSurroundings] = this.#hosts;
    const under = { runPolicy, surroundings, laterSurroundings };
    const memory = await this.#difference(under, pause, ({ foretold }) => {
      kinds[row++] = FORETOLD_KINDS.indexOf(foretold ? foretoldKind(foretold) : 'none');
    });
    return memory && { memory, kinds: kinds.slice(0, row) };
  }

  tiles(rows: readonly number[]): ChangeTiles {
    const pages = pagesPerRange(this.#before.geometry);
    const [was, is, changes] = [0, 1, 2].map(() => new Uint8Array(rows.length * pages));
    for (const [i, row] of rows.entries()) {
      const [before, after] = [this.#rows?.before[row] ?? -1, this.#rows?.after[row] ?? -1];
      this.#changes.add(
        noChanges(this.#before.geometry),
        before < 0 ? undefined : this.#before.range(before),
        after < 0 ? undefined : this.#after.range(after),
      );
      was.set(this.#changes.before, i * pages);
      is.set(this.#changes.after, i * pages);
      changes.set(this.#changes.kinds, i * pages);
    }
    return { was, is, changes };
  }

  async #difference(
    under: ForetoldUnder | undefined,
    pause: Pause,
    onRange: (range: ComparedRange) => void,
  ): Promise<MemoryDifference | undefined> {
    const run = { isEnded: false };
    const items = itemsOf(this.#after, pause, run);
    const [before, after] = this.#hosts;
    const memory = await memoryDifference(this.#before, before, items, after, under, onRange);
    return run.isEnded ? undefined : memory;
  }
}

/** The items of a table as a source hands them out. */
async function* itemsOf(
  table: RangeTable,
  pause: Pause,
  run: { isEnded: boolean },
): AsyncGenerator<MemoryItem> {
  let next = 0;
  for (const [index, process] of table.processes.entries()) {
    yield { kind: 'process', process };
    for (; table.vmas[next]?.process === index; next++) {
      const { vma, first, end } = table.vmas[next];
      yield { kind: 'vma', vma };
      for (let row = first; row < end; row += STEP) {
        if (!(await pause())) {
          run.isEnded = true;
          return;
        }
        const rows = Array.from({ length: Math.min(STEP, end - row) }, (_, i) => row + i);
        yield { kind: 'ranges', ranges: rows.map((each) => table.range(each)) };
      }
    }
  }
}

/** Rows in columns, as ranges are compared. */
class RowColumns {
  readonly #before: RangeTable;
  readonly #after: RangeTable;
  readonly #processOf: ReadonlyMap<unknown, number>;
  readonly #vmas: MapVma[] = [];
  readonly #places;
  readonly #columns;
  #rows = 0;
  /** Ranges of the later reading so far: they come in the order of its table. */
  #later = 0;

  constructor(before: RangeTable, after: RangeTable) {
    this.#before = before;
    this.#after = after;
    this.#processOf = new Map(after.processes.map((process, at) => [process, at]));
    const most = before.rows + after.rows;
    this.#places = { before: new Int32Array(most), after: new Int32Array(most) };
    this.#columns = {
      addresses: new Float64Array(most),
      vmaOf: new Uint32Array(most),
      residentBefore: new Uint16Array(most),
      residentAfter: new Uint16Array(most),
      mainBefore: new Uint8Array(most),
      mainAfter: new Uint8Array(most),
      isSame: new Uint8Array(most),
      pages: new Uint16Array(most * PAGE_CHANGES.length),
    };
  }

  add({ process, isSame, vma, before = -1, after, address, pages }: ComparedRange): void {
    const row = this.#rows++;
    const later = after ? this.#later++ : -1;
    this.#places.before[row] = before;
    this.#places.after[row] = later;
    const of = this.#processOf.get(process) ?? 0;
    const last = this.#vmas.at(-1);
    if (last?.vma === vma && last.process === of)
      this.#vmas[this.#vmas.length - 1] = { ...last, end: row + 1 };
    else this.#vmas.push({ vma, process: of, first: row, end: row + 1 });
    const columns = this.#columns;
    columns.vmaOf[row] = this.#vmas.length - 1;
    columns.addresses[row] = address;
    columns.isSame[row] = Number(isSame);
    if (before >= 0) {
      columns.residentBefore[row] = this.#before.residentPages[before];
      columns.mainBefore[row] = this.#before.mainOrders[before];
    }
    if (later >= 0) {
      columns.residentAfter[row] = this.#after.residentPages[later];
      columns.mainAfter[row] = this.#after.mainOrders[later];
    }
    const first = row * PAGE_CHANGES.length;
    if (isSame) for (const kind of pages.kinds) columns.pages[first + kind]++;
  }

  finish() {
    const { vmaOf, addresses, isSame, pages, ...counts } = this.#columns;
    const rows = this.#rows;
    const columns: ComparedRows = {
      processes: this.#after.processes,
      vmas: this.#vmas,
      addresses: addresses.slice(0, rows),
      vmaOf: vmaOf.slice(0, rows),
      isSame: isSame.slice(0, rows),
      pages: pages.slice(0, rows * PAGE_CHANGES.length),
      residentBefore: counts.residentBefore.slice(0, rows),
      residentAfter: counts.residentAfter.slice(0, rows),
      mainBefore: counts.mainBefore.slice(0, rows),
      mainAfter: counts.mainAfter.slice(0, rows),
    };
    return { columns, before: this.#places.before.slice(0, rows), after: this.#places.after.slice(0, rows) };
  }
}

/** What became of most pages that were predicted, or collapsed besides. */
function foretoldKind({ happened, missed, surprises }: Foretold): ForetoldKind {
  const pages: Record<Exclude<ForetoldKind, 'none'>, number> = {
    true: happened.pages,
    waiting: missed.waiting.pages,
    otherwise: MISSES.reduce((sum, miss) => sum + (miss === 'waiting' ? 0 : missed[miss].pages), 0),
    besides: SURPRISES.reduce((sum, surprise) => sum + surprises[surprise], 0),
  };
  const [kind, most] = Object.entries(pages).reduce((best, each) => (each[1] > best[1] ? each : best));
  return most > 0 ? (kind as ForetoldKind) : 'none';
}
