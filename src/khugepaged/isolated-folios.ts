import type { IsolationFacts } from '../core/rules/isolation.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { isIdle } from '../machine/folios/folio.ts';
import { maybeMappedShared } from '../machine/folios/mapped-shared.ts';
import { NO_FRAME, PG_LAZYFREE, PG_REFERENCED } from '../machine/frames/frame-table.ts';
import type { Machine } from '../machine/machine.ts';
import { isolateFolio, releaseFolio } from '../machine/page-tables/collapse-steps.ts';
import type { Pmd } from '../machine/page-tables/pmd.ts';
import {
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_KIND,
  PTE_NONE,
  PTE_PRESENT,
  PTE_UFFD,
  PTE_WRITABLE,
  PTE_ZERO,
  pteValue,
} from '../machine/page-tables/pte.ts';
import type { VmArea } from '../machine/page-tables/vm-area.ts';
import { VM_DROPPABLE } from '../machine/page-tables/vma-flags.ts';

/** The PTEs of a detached table as isolation sees them, and the folios that it has taken so far. */
export class IsolatedFolios implements IsolationFacts {
  readonly #machine: Machine;
  readonly #pmd: Pmd;
  readonly #droppable: boolean;
  /** Stands in the way of a page though nothing is wrong with it. */
  readonly #injected: (row: 'page' | 'lru') => boolean;
  readonly #small: number[] = [];
  readonly #large = new Set<number>();
  /** Head frame of the folio looked at last; NO_FRAME if there was none. */
  last = NO_FRAME;
  writable = false;

  constructor(machine: Machine, area: VmArea, pmd: Pmd, injected: (row: 'page' | 'lru') => boolean) {
    this.#machine = machine;
    this.#pmd = pmd;
    this.#droppable = (area.flags & VM_DROPPABLE) !== 0;
    this.#injected = injected;
  }

  /** Folios taken. */
  get count(): number {
    return this.#small.length + this.#large.size;
  }

  isNoneOrZero(page: number): boolean {
    const kind = this.#pmd.ptes[page] & PTE_KIND;
    return kind === PTE_NONE || kind === PTE_ZERO;
  }

  isPresent(page: number): boolean {
    return (this.#pmd.ptes[page] & PTE_KIND) === PTE_PRESENT;
  }

  isTracked(page: number): boolean {
    return (this.#pmd.ptes[page] & PTE_UFFD) !== 0;
  }

  isNull(page: number): boolean {
    if (this.#injected('page')) return true;
    this.last = this.#head(page);
    if (this.#pmd.ptes[page] & PTE_WRITABLE) this.writable = true;
    return false;
  }

  isLazyfree(page: number): boolean {
    const isClean = (this.#pmd.ptes[page] & PTE_DIRTY) === 0;
    return !this.#droppable && isClean && this.#machine.frames.has(this.#head(page), PG_LAZYFREE);
  }

  isShared(page: number): boolean {
    return maybeMappedShared(this.#machine.frames, this.#head(page));
  }

  folioOrder(page: number): number {
    return this.#machine.frames.order[this.#head(page)];
  }

  isReferenced(page: number): boolean {
    const isYoung = (this.#pmd.ptes[page] & PTE_ACCESSED) !== 0;
    return isYoung || this.#machine.frames.has(this.#head(page), PG_REFERENCED);
  }

  take(page: number): ScanResult | undefined {
    const head = this.#head(page);
    if (this.#large.has(head)) return undefined;
    const { frames } = this.#machine;
    const obstacle =
      isIdle(frames, head) && this.#injected('lru') ? 'SCAN_DEL_PAGE_LRU' : isolateFolio(this.#machine, head);
    if (obstacle) return obstacle;
    if (frames.order[head] > 0) this.#large.add(head);
    else this.#small.push(head);
    return undefined;
  }

  /** Gives all folios back: the small ones from the last to the first, then the large ones. */
  release(): void {
    for (let i = this.#small.length - 1; i >= 0; i--) releaseFolio(this.#machine, this.#small[i]);
    for (const head of this.#large) releaseFolio(this.#machine, head);
    this.#small.length = 0;
    this.#large.clear();
  }

  #head(page: number): number {
    return this.#machine.frames.headOf(pteValue(this.#pmd.ptes[page]));
  }
}
