import type { Geometry } from '../../core/memory/geometry.ts';
import type { Occupancy } from '../../core/memory/occupancy.ts';
import type { Window } from '../../core/memory/order.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import {
  type Attempt,
  type CollapseAlgorithm,
  judgeWindow,
  type Observe,
  type ScannedRange,
  visitOf,
} from '../../core/search/algorithm.ts';
import { FaultError, type FaultKind, windowFault } from '../algorithm-fault.ts';
import { crashSentence } from './crash-report.ts';
import {
  encodeRequest,
  GUESSES,
  NUMBERED_RESULTS,
  numberOfResult,
  type ReadWords,
  readAnswer,
  type WalkEnd,
} from './messages.ts';
import { ChangesError, type RunNode, RunTree } from './run-tree.ts';

/** A program that runs a search of PMD ranges of one geometry, in a process of its own. */
export interface WalkProgram {
  readonly write: (request: Uint8Array) => void;
  /** Waits for words of the answer. */
  readonly read: ReadWords;
  /** What the search printed since this was last asked, reports of sanitizers among it. */
  readonly printed: () => string;
}

/**
 * A search in C as an algorithm. `path` is its file, as messages name it; `programOf` starts its program for
 * a geometry.
 */
export function cAlgorithm(
  name: string,
  path: string,
  programOf: (geometry: Geometry) => WalkProgram,
): CollapseAlgorithm {
  const programs = new Map<string, CSearch>();
  return {
    name,
    collapse(range, policy, attempt, observe) {
      const { pageShift, pmdOrder } = range.geometry;
      const key = `${pageShift} ${pmdOrder}`;
      let search = programs.get(key);
      if (!search) {
        search = new CSearch(path, programOf(range.geometry));
        programs.set(key, search);
      }
      return search.collapse(range, policy, attempt, observe);
    },
  };
}

/** In larger ranges there are too many ends. */
const MOST_ORDER_OF_ALL_ENDS = 4;

/** All attempts succeed. */
const USUAL = new Uint8Array(GUESSES).fill(numberOfResult('SCAN_SUCCEED'));

/**
 * A search that is asked for whole runs: a program would wait longer for the result of each attempt than the
 * search takes. How attempts will end is guessed, and where a guess was wrong the program is asked again with
 * what is known. Where the same case comes with one end after the other, all ends of a few attempts are asked
 * for at once. What was learnt of a case is kept while it is asked about.
 */
class CSearch {
  readonly #path: string;
  readonly #program: WalkProgram;
  #sequence = 0;
  #case: { range: ScannedRange; occupied: Occupancy; policy: CollapsePolicy; observed: boolean } | undefined;
  #tree = new RunTree();
  /** How the last attempt of each order ended. */
  readonly #last = USUAL.slice();
  /** Runs on this case, and the results that attempts had in them. */
  #runs = 0;
  #results = new Set<number>();
  /**
   * How attempts of this case are guessed. Where the last case was run again and again, all results that it
   * had are tried.
   */
  #guesses: false | { readonly first: Uint8Array; readonly ends: readonly number[] } = {
    first: USUAL,
    ends: [],
  };

  constructor(path: string, program: WalkProgram) {
    this.#path = path;
    this.#program = program;
  }

  collapse(range: ScannedRange, policy: CollapsePolicy, attempt: Attempt, observe?: Observe): ScanResult {
    this.#turnTo(range, policy, observe !== undefined);
    this.#runs++;
    const known: number[] = [];
    const report = observe && reporter(range, policy, observe);
    for (let node = this.#tree.after(known); ; ) {
      node ??= this.#ask(range, policy, known, observe !== undefined);
      report?.visit(node.visits);
      const { attempt: window, returned } = node;
      if (!window) {
        report?.end();
        return this.#resultOf(returned, known.length);
      }
      const [result] = attempt([window]);
      report?.attempt(window, result);
      const number = numberOfResult(result);
      this.#last[window.order] = number;
      this.#results.add(number);
      known.push(number);
      node = node.next.get(number);
    }
  }

  /** Forgets what was learnt of another case. */
  #turnTo(range: ScannedRange, policy: CollapsePolicy, observed: boolean): void {
    const last = this.#case;
    if (
      last?.policy.orders === policy.orders &&
      last.policy.maxPtesNone === policy.maxPtesNone &&
      last.policy.noneLimits === policy.noneLimits &&
      last.policy.model === policy.model &&
      last.observed === observed &&
      last.range.unmapped === range.unmapped &&
      last.range.uffdArmed === range.uffdArmed &&
      last.occupied.every((word, i) => word === range.occupied[i])
    ) {
      return;
    }
    const ends =
      this.#runs > 1 && range.geometry.pmdOrder <= MOST_ORDER_OF_ALL_ENDS ? [...this.#results] : [];
    this.#guesses = { first: ends.length > 0 ? USUAL.slice().fill(ends[0]) : USUAL, ends };
    this.#runs = 0;
    if (this.#results.size > 0) this.#results = new Set();
    this.#case = { range: { ...range }, occupied: range.occupied.slice(), policy, observed };
    this.#tree = new RunTree();
  }

  /** Asks the program what the search does after these results. */
  #ask(range: ScannedRange, policy: CollapsePolicy, known: readonly number[], observed: boolean): RunNode {
    const sequence = ++this.#sequence;
    const guesses = this.#guesses && { ...this.#guesses, second: this.#last };
    this.#program.write(encodeRequest({ sequence, range, policy, observed, known, guesses }));
    const answer = readAnswer(sequence, this.#program.read);
    if (!answer) throw faultError('crashes', this.#earlyEnd());
    if (answer.kind === 'ended') {
      const fault = this.#faultOf(answer.ended);
      if (!guesses) throw fault;
      // It may do that after a wrong guess only: from here on this case is asked about step by step.
      this.#guesses = false;
      return this.#ask(range, policy, known, observed);
    }
    try {
      for (const run of answer.runs) this.#tree.add(run);
    } catch (error) {
      if (!(error instanceof ChangesError)) throw error;
      throw faultError('changes', 'does something else when the same case comes again');
    }
    const node = this.#tree.after(known);
    if (!node) throw faultError('changes', 'does something else when the same case comes again');
    return node;
  }

  /** The program never came to call the search, or its pipes are closed. */
  #earlyEnd(): string {
    const printed = this.#program.printed();
    const early = 'ends the program before its search is called';
    const report = crashSentence(this.#path, printed, { signal: undefined, status: 0 });
    return printed.trim() === '' ? early : `${report}, before its search is called`;
  }

  #faultOf({ how, status, text }: WalkEnd): FaultError {
    const printed = this.#program.printed();
    if (how === 'loops') return faultError('hangs', 'does not come back');
    if (how === 'fault') return faultError(text.startsWith('does not') ? 'changes' : 'breaks', text);
    const signal = status & 127;
    const end = { signal: signal === 0 ? undefined : signal, status: status >> 8 };
    return faultError('crashes', crashSentence(this.#path, printed, end));
  }

  #resultOf(returned: RunNode['returned'], attempts: number): ScanResult {
    if (returned === 'endless')
      throw faultError('endless', `makes more than ${attempts - 1} attempts in one range`);
    const result = NUMBERED_RESULTS[returned ?? -1];
    if (result === undefined) throw faultError('no-result', `returns ${returned}, which is no result`);
    return result;
  }
}

function faultError(kind: FaultKind, message: string): FaultError {
  return new FaultError(message, { kind, message });
}

/**
 * Hands visits to an observer once it is known what follows them. A search that reports no visits has none
 * reported.
 */
function reporter(range: ScannedRange, policy: CollapsePolicy, observe: Observe) {
  let pending: { window: Window; result: ScanResult | undefined } | undefined;
  let reports = false;
  const flush = (next: Window | undefined) => {
    if (pending && reports && isWindow(pending.window)) {
      const { window, result } = pending;
      observe(visitOf(judgeWindow(range, policy, window.offset, window.order), result, next));
    }
  };
  const isWindow = ({ offset, order }: Window) => {
    const kind = windowFault(offset, order, range.geometry, policy.orders)?.kind;
    return kind === undefined || kind === 'disabled';
  };
  const begin = (window: Window) => {
    flush(window);
    pending = { window, result: undefined };
  };
  return {
    visit: (windows: readonly Window[]) => {
      for (const window of windows) {
        reports = true;
        begin(window);
      }
    },
    attempt: (window: Window, result: ScanResult) => {
      const { offset, order } = pending?.window ?? {};
      const isPending = offset === window.offset && order === window.order && pending?.result === undefined;
      if (!isPending) begin(window);
      if (pending) pending.result = result;
    },
    end: () => flush(undefined),
  };
}
