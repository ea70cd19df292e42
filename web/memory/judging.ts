import { addTally, emptyTally } from '../../src/analysis/ranges/tally.ts';
import type { RangeTable } from '../../src/analysis/table/range-table.ts';
import { emptyOutcomes, type RowOutcomes } from '../../src/analysis/table/row-outcomes.ts';
import { TableJudge } from '../../src/analysis/table/table-judge.ts';
import type { PolicyChoice } from '../policy/choice.ts';
import { runPolicyOf } from '../policy/run-policy.ts';
import type { Judgement } from './memory-worker-protocol.ts';

/** Rows between two looks at the clock. */
const STEP = 256;

/**
 * Judges the rows of a table under one policy a piece at a time, each row once, though more rows come while
 * the table is read.
 */
export class Judging {
  readonly #table: RangeTable;
  readonly #choice: PolicyChoice;
  readonly #judge: TableJudge;
  #outcomes: RowOutcomes;
  #judged = 0;

  constructor(table: RangeTable, choice: PolicyChoice) {
    this.#table = table;
    this.#choice = choice;
    this.#judge = new TableJudge(table, runPolicyOf(choice));
    this.#outcomes = emptyOutcomes(table.rows);
  }

  isOf(table: RangeTable, choice: PolicyChoice): boolean {
    return this.#table === table && JSON.stringify(this.#choice) === JSON.stringify(choice);
  }

  /**
   * Judges rows while `goOn` says so, and tells of all that are judged, in columns that it does not keep.
   * Adds them up when all are judged, if `isAll` says that no more are to come: thousands of processes take
   * longer to add up than their rows to judge.
   */
  go(goOn: () => boolean, isAll: boolean): Judgement {
    const { rows } = this.#table;
    if (this.#outcomes.mainOrders.length < rows) this.#outcomes = grown(this.#outcomes, rows);
    do {
      const end = Math.min(rows, this.#judged + STEP);
      this.#judge.judge(this.#judged, end, this.#outcomes);
      this.#judged = end;
    } while (this.#judged < rows && goOn());
    const { refusals: reasons } = this.#judge;
    const judged = {
      ...firstRows(this.#outcomes, this.#judged),
      choice: this.#choice,
      rows: this.#judged,
      reasons,
    };
    if (this.#judged < rows || !isAll) return judged;
    const processes = this.#judge.tallies();
    const total = emptyTally(this.#table.geometry);
    for (const tally of processes) addTally(total, tally);
    return { ...judged, tallied: { choice: this.#choice, total, processes } };
  }
}

function firstRows(from: RowOutcomes, rows: number): RowOutcomes {
  return {
    mainOrders: from.mainOrders.slice(0, rows),
    refusals: from.refusals.slice(0, rows),
    growthPages: from.growthPages.slice(0, rows),
    restartOrders: from.restartOrders.slice(0, rows),
    restartGrowthPages: from.restartGrowthPages.slice(0, rows),
  };
}

/** The same with room for twice as many rows, or for so many. */
function grown(from: RowOutcomes, rows: number): RowOutcomes {
  const into = emptyOutcomes(Math.max(rows, 2 * from.mainOrders.length));
  into.mainOrders.set(from.mainOrders);
  into.refusals.set(from.refusals);
  into.growthPages.set(from.growthPages);
  into.restartOrders.set(from.restartOrders);
  into.restartGrowthPages.set(from.restartGrowthPages);
  return into;
}
