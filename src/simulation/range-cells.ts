import {
  CODE_EMPTY,
  CODE_OTHER,
  CODE_SWAP,
  CODE_ZERO,
  codeOfOrder,
  orderOfCode,
} from '../core/memory/pte-code.ts';
import type { Machine } from '../machine/machine.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, PMD_MIGRATION, type Pmd } from '../machine/page-tables/pmd.ts';
import { PTE_KIND, PTE_NONE, PTE_PRESENT, PTE_SWAP, PTE_ZERO, pteValue } from '../machine/page-tables/pte.ts';

/** The PTEs of a range by their codes, and what they come to. */
export interface RangeCells {
  readonly cells: Uint8Array;
  /** Pages of folios that the range maps. */
  readonly residentPages: number;
  readonly swapPages: number;
  /** The cell of which there are most, holes left out; CODE_EMPTY if there are only holes. */
  readonly mainCell: number;
}

/** Reads ranges of one machine as cells. Ranges whose PTEs are all alike share an array. */
export class CellReader {
  readonly #machine: Machine;
  readonly #uniform = new Map<number, RangeCells>();
  readonly #scratch: Uint8Array;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#scratch = new Uint8Array(machine.rangePages);
  }

  /** What a range holds; `last` itself if that is still true. A range that is not there holds nothing. */
  read(pmd: Pmd | undefined, last: RangeCells): RangeCells {
    if (pmd?.kind === PMD_LEAF || pmd?.kind === PMD_MIGRATION) {
      return this.#uniformOf(codeOfOrder(this.#machine.frames.order[pteValue(pmd.leaf)]));
    }
    if (pmd?.kind === PMD_HUGE_ZERO) return this.#uniformOf(CODE_ZERO);
    if (pmd === undefined || pmd.ptes.length === 0) return this.nothing();
    const { order } = this.#machine.frames;
    const { ptes } = pmd;
    const cells = this.#scratch;
    const before = last.cells;
    let differs = 0;
    let either = 0;
    for (let i = 0; i < cells.length; i++) {
      const pte = ptes[i];
      const kind = pte & PTE_KIND;
      const cell = kind === PTE_PRESENT ? order[pteValue(pte)] + 1 : kind === PTE_NONE ? 0 : otherCell(kind);
      cells[i] = cell;
      differs |= cell ^ before[i];
      either |= cell ^ cells[0];
    }
    if (differs === 0) return last;
    return either === 0 ? this.#uniformOf(cells[0]) : summed(cells.slice());
  }

  nothing(): RangeCells {
    return this.#uniformOf(CODE_EMPTY);
  }

  #uniformOf(cell: number): RangeCells {
    let known = this.#uniform.get(cell);
    if (!known) {
      known = summed(new Uint8Array(this.#scratch.length).fill(cell));
      this.#uniform.set(cell, known);
    }
    return known;
  }
}

function otherCell(kind: number): number {
  if (kind === PTE_ZERO) return CODE_ZERO;
  return kind === PTE_SWAP ? CODE_SWAP : CODE_OTHER;
}

function summed(cells: Uint8Array): RangeCells {
  const counts = new Uint32Array(CODE_OTHER + 1);
  for (const cell of cells) counts[cell]++;
  let residentPages = 0;
  let mainCell = CODE_EMPTY;
  for (let cell = 1; cell < counts.length; cell++) {
    if (orderOfCode(cell) !== undefined) residentPages += counts[cell];
    // Of equals the larger order is the news.
    if (counts[cell] > 0 && (mainCell === CODE_EMPTY || counts[cell] >= counts[mainCell])) mainCell = cell;
  }
  return { cells, residentPages, swapPages: counts[CODE_SWAP], mainCell };
}
