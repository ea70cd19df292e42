import type { RangeState } from '../../core/memory/range-state.ts';
import { forEachSharedPage } from '../../core/memory/shared-runs.ts';
import { PG_EXCLUSIVE } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from './mm.ts';
import { PMD_LEAF, type Pmd } from './pmd.ts';
import { PTE_KIND, PTE_PRESENT, PTE_WRITABLE, pteValue } from './pte.ts';
import type { VmArea } from './vm-area.ts';

/** A place in a process that maps a page, or is to. */
export interface SharedPlace {
  readonly mm: Mm;
  readonly area: VmArea;
  readonly pmd: Pmd;
  readonly offset: number;
}

/** The frames of pages that recorded processes share, by the numbers of the recording. */
export class SharedFrames {
  readonly #machine: Machine;
  readonly #frames = new Map<number, number>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * The frame of a page that is to be mapped in a place; undefined if it is not there yet, or lies where the
   * place cannot share it: by fork pages keep their index in the root.
   */
  frameAt(id: number, { mm, area, pmd, offset }: SharedPlace): number | undefined {
    const frame = this.#frames.get(id);
    if (frame === undefined) return undefined;
    const { anon, frames, rangePages } = this.#machine;
    const head = frames.headOf(frame);
    const index = anon.indexOf(frames.rmap[head]) + frame - head;
    const isSame = index === pmd.number * rangePages + offset - area.moved;
    return isSame && anon.rootOf(frames.rmap[head]) === mm.root ? frame : undefined;
  }

  /** By how many pages a range lies elsewhere than where its shared pages were made; 0 if they are new. */
  moveOf({ sharedRuns = [], address }: RangeState): number {
    const { anon, frames, pageBytes } = this.#machine;
    for (const { offset, id } of sharedRuns) {
      const frame = this.#frames.get(id);
      if (frame === undefined) continue;
      const head = frames.headOf(frame);
      return address / pageBytes + offset - (anon.indexOf(frames.rmap[head]) + frame - head);
    }
    return 0;
  }

  /** Takes the pages of a range that was mapped; those that others map, too, need a copy to be written to. */
  add(pmd: Pmd, { sharedRuns = [] }: RangeState): void {
    const { frames: f } = this.#machine;
    const isLeaf = pmd.kind === PMD_LEAF;
    forEachSharedPage(sharedRuns, (offset, id, mappings) => {
      const pte = isLeaf ? pmd.leaf : pmd.ptes[offset];
      if ((pte & PTE_KIND) !== PTE_PRESENT) return;
      const frame = isLeaf ? pteValue(pte) + offset : pteValue(pte);
      if (!this.#frames.has(id)) this.#frames.set(id, frame);
      if (mappings < 2) return;
      const readOnly = (pte & ~PTE_WRITABLE) >>> 0;
      if (isLeaf) pmd.leaf = readOnly;
      else pmd.ptes[offset] = readOnly;
      f.clear(isLeaf ? pteValue(pte) : frame, PG_EXCLUSIVE);
    });
  }
}

/** The numbers of the pages of a range, by PTE; 0 where nobody shares them or nothing tells. */
export function sharedIds({ sharedRuns = [] }: RangeState, pages: number): Float64Array {
  const ids = new Float64Array(pages);
  forEachSharedPage(sharedRuns, (offset, id) => {
    ids[offset] = id;
  });
  return ids;
}
