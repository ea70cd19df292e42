import { sum } from '../../core/base/sum.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import type { Host, MemoryItem, Process } from '../../core/rules/memory-source.ts';
import { processKey } from '../../core/rules/process-key.ts';
import type { Vma } from '../../core/rules/vma.ts';
import { RepeatedPages } from '../ranges/repeated-pages.ts';
import type { RangeTable, TableVma } from '../table/range-table.ts';
import { Foreteller, type ForetoldUnder, type Judge } from './foreteller.ts';
import {
  addAbsent,
  addForetold,
  addOutcome,
  type Foretold,
  nothingForetold,
  settleMissed,
} from './foretold.ts';
import { type IdentifiedHost, type Identity, identityOf } from './identity.ts';
import { matchOthers } from './matched-processes.ts';
import { type Meanwhile, meanwhile } from './missed-window.ts';
import { addChanges, noChanges, type PageChanges, RangeChanges } from './page-changes.ts';

/** An anonymous VMA at two readings: as it is now, else as it was. */
export interface VmaDifference {
  readonly vma: Vma;
  readonly changes: PageChanges;
}

/** A process at two readings. */
export interface ProcessDifference {
  /** Undefined where the earlier reading does not have it: it was not there, or was not read. */
  readonly before: Process | undefined;
  readonly after: Process | undefined;
  /**
   * Whether both are the same process at the same addresses. Where one of them has been started again, or
   * addresses were dropped, only the sums `before` and `after` of its changes are known.
   */
  readonly isSame: boolean;
  readonly changes: PageChanges;
  /** Those that hold or held any page, in address order; of processes that are not the same none. */
  readonly vmas: readonly VmaDifference[];
  /** Undefined where nothing was asked of the earlier reading. */
  readonly foretold: Foretold | undefined;
}

export interface MemoryDifference {
  readonly geometry: Geometry;
  readonly processes: readonly ProcessDifference[];
  readonly total: PageChanges;
  readonly repeated: RepeatedBothTimes;
  readonly foretold: Foretold | undefined;
}

/**
 * Resident pages of each reading that an earlier process of it has as well, by fork: `total` counts them in
 * each process, and the machine has them once. Undefined where it is not known which these are.
 */
export interface RepeatedBothTimes {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/**
 * A range of a process of the later reading, as it was compared. What it holds is good until the next one is
 * compared.
 */
export interface ComparedRange {
  /** As it is now. */
  readonly process: Process;
  /** See `ProcessDifference`: where it is not, only what is there now is known of its ranges. */
  readonly isSame: boolean;
  readonly vma: Vma;
  /** Its row of the earlier reading, and what it is at the later one; undefined where it has no page. */
  readonly before: number | undefined;
  readonly after: RangeState | undefined;
  readonly address: number;
  readonly pages: RangeChanges;
  /** What was predicted of this range alone. */
  readonly foretold: Foretold | undefined;
}

/** What tells whether processes of two readings are the same, and what was counted in between. */
type ReadHost = Pick<Host, 'geometry' | 'counters'> & IdentifiedHost;

/**
 * The difference between two readings of memory: the earlier one in a table, the later one as it comes. A
 * process is the same where machine, boot, pid and start time are; its ranges are compared page by page.
 * `onRange` hears of every range of the processes of the later reading: process by process, in address order.
 */
export async function memoryDifference(
  before: RangeTable,
  beforeHost: ReadHost,
  items: AsyncIterable<MemoryItem>,
  afterHost: ReadHost,
  under: ForetoldUnder | undefined,
  onRange?: (range: ComparedRange) => void,
): Promise<MemoryDifference> {
  const identity = identityOf(beforeHost, afterHost);
  const foreteller = under && new Foreteller(under, before.geometry);
  const since = meanwhile(beforeHost, afterHost);
  const collector = new Collector(before, identity, foreteller, since, onRange);
  for await (const item of items) collector.add(item);
  return collector.finish();
}

/** The rows of a process in the table. */
interface Earlier {
  readonly process: Process;
  readonly vmas: TableVma[];
}

/** A process that is only in one of the readings, with what it has. */
interface Alone {
  readonly process: Process;
  readonly residentPages: number;
  readonly changes: PageChanges;
  readonly foretold: Foretold | undefined;
}

class Collector {
  readonly #table: RangeTable;
  readonly #foreteller: Foreteller | undefined;
  readonly #since: Meanwhile;
  readonly #onRange: OnRange;
  readonly #earlier = new Map<string, Earlier>();
  readonly #ranges: RangeChanges;
  readonly #repeated = new RepeatedPages();
  #processes = 0;
  readonly #done: ProcessDifference[] = [];
  readonly #new: Alone[] = [];
  readonly #identity: Identity;
  #open: OpenProcess | undefined;

  constructor(
    table: RangeTable,
    identity: Identity,
    foreteller: Foreteller | undefined,
    since: Meanwhile,
    onRange: OnRange,
  ) {
    this.#table = table;
    this.#identity = identity;
    this.#foreteller = foreteller;
    this.#since = since;
    this.#onRange = onRange;
    this.#ranges = new RangeChanges(table.geometry);
    const earlier = table.processes.map((process): Earlier => ({ process, vmas: [] }));
    for (const vma of table.vmas) earlier[vma.process].vmas.push(vma);
    for (const each of earlier) this.#earlier.set(processKey(each.process), each);
  }

  add(item: MemoryItem): void {
    switch (item.kind) {
      case 'process':
        this.#close();
        this.#processes++;
        this.#open = this.#openProcess(item.process);
        break;
      case 'vma':
        this.#open?.openVma(item.vma);
        break;
      case 'ranges':
        for (const range of item.ranges) {
          if (this.#open?.addRange(range)) this.#repeated.add(range);
        }
        break;
    }
  }

  finish(): MemoryDifference {
    this.#close();
    const { geometry } = this.#table;
    const gone = [...this.#earlier.values()].map((earlier) => this.#onlyBefore(earlier));
    const processes = [...this.#done];
    for (const { before, after } of matchOthers(gone, this.#new, this.#identity)) {
      const [was, is] = [
        before === undefined ? undefined : gone[before],
        after === undefined ? undefined : this.#new[after],
      ];
      const changes = noChanges(geometry);
      if (was) addChanges(changes, was.changes);
      if (is) addChanges(changes, is.changes);
      processes.push({
        before: was?.process,
        after: is?.process,
        isSame: false,
        changes,
        vmas: [],
        foretold: was?.foretold,
      });
    }
    const total = noChanges(geometry);
    for (const { changes } of processes) addChanges(total, changes);
    const repeated = { before: this.#table.repeatedPages, after: this.#repeated.of(this.#processes) };
    if (!this.#foreteller) return { geometry, processes, total, repeated, foretold: undefined };
    const foretold = nothingForetold();
    for (const each of processes) if (each.foretold) addForetold(foretold, each.foretold);
    return { geometry, processes, total, repeated, foretold };
  }

  #openProcess(process: Process): OpenProcess {
    const key = processKey(process);
    const earlier = this.#identity.boot === 'same' ? this.#earlier.get(key) : undefined;
    if (earlier) this.#earlier.delete(key);
    const foreteller = earlier && this.#foreteller;
    const judges = foreteller && {
      earlier: foreteller.judgeOf(earlier.process),
      later: foreteller.laterJudgeOf(process),
      since: this.#since,
      isListed: foreteller.isListed(earlier.process, earlier.vmas),
    };
    return new OpenProcess(process, earlier, this.#table, this.#ranges, judges, this.#onRange);
  }

  #close(): void {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    const difference = open.finish();
    if (difference.before) this.#done.push(difference);
    else
      this.#new.push({
        process: open.process,
        residentPages: sum(difference.changes.after),
        ...withoutEvents(difference, this.#table.geometry),
      });
  }

  /** What a process had that is not in the later reading. */
  #onlyBefore(earlier: Earlier): Alone {
    const judge = this.#foreteller?.judgeOf(earlier.process);
    const changes = noChanges(this.#table.geometry);
    const foretold = judge && nothingForetold();
    for (const vma of earlier.vmas) {
      for (let row = vma.first; row < vma.end; row++) {
        const range = this.#table.range(row);
        this.#ranges.add(changes, range, undefined);
        if (foretold) addAbsent(foretold, judge(range, vma.vma));
      }
    }
    const ofBefore = withoutEvents({ changes, foretold }, this.#table.geometry);
    return { process: earlier.process, residentPages: sum(changes.before), ...ofBefore };
  }
}

type OnRange = ((range: ComparedRange) => void) | undefined;

/** What a process is judged by at both readings. */
interface Judges {
  readonly earlier: Judge;
  readonly later: Judge;
  readonly since: Meanwhile;
  /** Whether its memory has put it on khugepaged's list. */
  readonly isListed: boolean;
}

/** Of processes that are there once, what is and was; that all of it came or went says nothing. */
function withoutEvents(
  { changes: { before, after }, foretold }: Pick<ProcessDifference, 'changes' | 'foretold'>,
  geometry: Geometry,
): Pick<Alone, 'changes' | 'foretold'> {
  return { changes: { ...noChanges(geometry), before, after }, foretold };
}

/** A process of the later reading while its ranges come, beside the rows of what it was. */
class OpenProcess {
  readonly process: Process;
  readonly #earlier: Earlier | undefined;
  readonly #table: RangeTable;
  readonly #ranges: RangeChanges;
  readonly #judges: Judges | undefined;
  readonly #onRange: OnRange;
  readonly #foretold: Foretold | undefined;
  readonly #vmas: VmaDifference[] = [];
  /** Anonymous VMAs of the later reading, in address order. */
  readonly #later: Vma[] = [];
  #isAnonymous = false;
  /** The next row of the earlier reading: its place among the VMAs, and the row. */
  #place = 0;
  #row: number;

  constructor(
    process: Process,
    earlier: Earlier | undefined,
    table: RangeTable,
    ranges: RangeChanges,
    judges: Judges | undefined,
    onRange: OnRange,
  ) {
    this.process = process;
    this.#onRange = onRange;
    this.#earlier = earlier;
    this.#table = table;
    this.#ranges = ranges;
    this.#judges = judges;
    this.#foretold = judges && nothingForetold();
    this.#row = earlier?.vmas[0]?.first ?? 0;
  }

  openVma(vma: Vma): void {
    this.#isAnonymous = vma.anonymous;
    if (vma.anonymous) this.#later.push(vma);
  }

  /** Whether it is anonymous, and so compared. */
  addRange(range: RangeState): boolean {
    if (!this.#isAnonymous) return false;
    const vma = this.#later[this.#later.length - 1];
    this.#passTo(range.address, vma);
    const at = this.#next();
    const isSame = at && this.#table.addresses[this.#row] === range.address && meet(at.vma, vma);
    this.#compare(vma, isSame ? at.vma : undefined, range);
    return true;
  }

  finish(): ProcessDifference {
    this.#passTo(Infinity, undefined);
    const changes = noChanges(this.#table.geometry);
    for (const vma of this.#vmas) addChanges(changes, vma.changes);
    if (this.#foretold && this.#judges) {
      const { geometry } = this.#table;
      const isListed = this.#judges.isListed || wasVisited(changes, this.#foretold, geometry);
      settleMissed(this.#foretold, { ...this.process, isListed }, geometry);
    }
    return {
      before: this.#earlier?.process,
      after: this.process,
      isSame: this.#earlier !== undefined,
      changes,
      vmas: this.#vmas.sort((a, b) => a.vma.start - b.vma.start),
      foretold: this.#foretold,
    };
  }

  /** Rows of the earlier reading that the later one does not have, up to an address of a VMA of it. */
  #passTo(address: number, vma: Vma | undefined): void {
    for (let at = this.#next(); at; at = this.#next()) {
      const of = this.#table.addresses[this.#row];
      // Two VMAs may share a range: the one that ends below is another.
      const isBefore = of < address || (of === address && vma !== undefined && at.vma.end <= vma.start);
      if (!isBefore) return;
      this.#compare(this.#laterOf(at.vma) ?? at.vma, at.vma, undefined);
    }
  }

  /** The VMA of the next row of the earlier reading; undefined where there is none. */
  #next(): TableVma | undefined {
    const vmas = this.#earlier?.vmas ?? [];
    for (let at = vmas[this.#place]; at; at = vmas[this.#place]) {
      if (this.#row < at.end) return at;
      this.#place++;
      this.#row = vmas[this.#place]?.first ?? 0;
    }
    return undefined;
  }

  /** Compares the next row of the earlier reading, or none, with a range of the later one, or none. */
  #compare(vma: Vma, earlier: Vma | undefined, range: RangeState | undefined): void {
    const row = earlier && this.#row++;
    const before = row === undefined ? undefined : this.#table.range(row);
    this.#ranges.add(this.#differenceOf(vma).changes, before, range);
    const foretold = before && earlier && this.#outcomeOf(before, earlier, vma, range);
    this.#onRange?.({
      process: this.process,
      isSame: this.#earlier !== undefined,
      vma,
      before: row,
      after: range,
      address: range?.address ?? before?.address ?? 0,
      pages: this.#ranges,
      foretold,
    });
  }

  /** What became of what was predicted of the range that was compared last. */
  #outcomeOf(
    before: RangeState,
    earlier: Vma,
    vma: Vma,
    range: RangeState | undefined,
  ): Foretold | undefined {
    if (!this.#judges || !this.#foretold) return undefined;
    const { since } = this.#judges;
    const own = nothingForetold();
    const judgeNow = () => range && this.#judges?.later(range, vma);
    addOutcome(own, this.#judges.earlier(before, earlier), this.#ranges, since, judgeNow);
    addForetold(this.#foretold, own);
    return own;
  }

  #laterOf(earlier: Vma): Vma | undefined {
    return this.#later.findLast((vma) => meet(vma, earlier));
  }

  #differenceOf(vma: Vma): VmaDifference {
    const known = this.#vmas.findLast((each) => each.vma === vma);
    if (known) return known;
    const made = { vma, changes: noChanges(this.#table.geometry) };
    this.#vmas.push(made);
    return made;
  }
}

/** Whether anything shows that khugepaged visits a process: collapses, or a huge page of a page fault. */
function wasVisited(
  { before, after, collapsed }: PageChanges,
  { happened }: Foretold,
  { pmdOrder }: Geometry,
): boolean {
  return happened.windows > 0 || sum(collapsed) > 0 || after[pmdOrder] > before[pmdOrder];
}

function meet(a: Vma, b: Vma): boolean {
  return a.start < b.end && b.start < a.end;
}
