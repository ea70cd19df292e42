import { asOrder, hasOrder, NO_ORDERS, type OrderSet } from '../../core/memory/order.ts';
import { allocPage, ensureTable } from '../folios/folio-alloc.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import {
  PMD_DETACHED,
  PMD_HUGE_ZERO,
  PMD_LEAF,
  PMD_MIGRATION,
  PMD_NONE,
  type Pmd,
} from '../page-tables/pmd.ts';
import {
  makePte,
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_GUARD,
  PTE_HWPOISON,
  PTE_KIND,
  PTE_MIGRATION,
  PTE_NONE,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_UFFD,
  PTE_UFFD_MARKER,
  PTE_WRITABLE,
  PTE_ZERO,
  pteValue,
} from '../page-tables/pte.ts';
import type { VmArea } from '../page-tables/vm-area.ts';
import { VM_READ, VM_UFFD_ANY, VM_UFFD_MISSING, VM_WRITE } from '../page-tables/vma-flags.ts';
import { areaFaultOrders } from '../page-tables/vma-orders.ts';
import { faultLargeFolio, faultPmd, writeHugeZero } from './fault-huge.ts';
import { mapNewFolio } from './fault-map.ts';
import { swapInPte } from './fault-swap.ts';
import { writeLeaf, writeProtectedPte } from './fault-write.ts';

/**
 * Why a process could not go on touching memory: no area or no right (or a guard page), no memory or a memcg
 * limit, userfaultfd would have to answer, the page is under migration, or was lost to a memory error.
 */
type FaultStop = 'segv' | 'oom' | 'uffd' | 'migration' | 'hwpoison';

export interface TouchReport {
  /** Pages touched before the stop, or all of them. */
  readonly pages: number;
  readonly stop: FaultStop | undefined;
}

/**
 * A process writes to every page of [start, start + bytes), in address order, as fast as it can: page faults,
 * THP at fault, copy-on-write and swap-in happen as needed. Every page gets the content `fill`; without it a
 * token of its own.
 */
export function touch(machine: Machine, mm: Mm, start: number, bytes: number, fill?: number): TouchReport {
  const content = fill ?? machine.freshContent(Math.ceil(bytes / machine.pageBytes));
  return new Access(machine, mm, true, content, fill === undefined ? 1 : 0).run(start, start + bytes);
}

/**
 * A process reads every page of [start, start + bytes): empty pages become the shared zero page, fresh ranges
 * where faults may use the PMD order the huge zero page.
 */
export function read(machine: Machine, mm: Mm, start: number, bytes: number): TouchReport {
  return new Access(machine, mm, false, 0, 0).run(start, start + bytes);
}

/** One run of reads or writes over consecutive pages. */
class Access {
  readonly #machine: Machine;
  readonly #mm: Mm;
  readonly #write: boolean;
  /** Content of the next page that is written, and what to add for the one after it. */
  #content: number;
  readonly #step: number;
  #pages = 0;

  constructor(machine: Machine, mm: Mm, write: boolean, content: number, step: number) {
    this.#machine = machine;
    this.#mm = mm;
    this.#write = write;
    this.#content = content;
    this.#step = step;
  }

  run(start: number, end: number): TouchReport {
    const { rangeBytes, pageBytes } = this.#machine;
    const needed = this.#write ? VM_WRITE : VM_READ;
    let stop: FaultStop | undefined;
    for (let at = start; at < end && !stop; ) {
      const area = this.#mm.areas.at(at);
      if (!area?.anonymous || !(area.flags & needed)) return { pages: this.#pages, stop: 'segv' };
      const orders = areaFaultOrders(this.#machine, this.#mm, area);
      const areaEnd = Math.min(end, area.end);
      while (at < areaEnd && !stop) {
        const number = Math.floor(at / rangeBytes);
        const base = number * rangeBytes;
        const until = Math.min(areaEnd, base + rangeBytes);
        const last = Math.ceil((until - base) / pageBytes);
        stop = this.#range(area, this.#mm.pmd(number), (at - base) / pageBytes, last, orders);
        at = until;
      }
    }
    return { pages: this.#pages, stop };
  }

  #range(area: VmArea, pmd: Pmd, first: number, end: number, orders: OrderSet): FaultStop | undefined {
    const machine = this.#machine;
    if (pmd.kind === PMD_NONE && hasOrder(orders, asOrder(machine.geometry.pmdOrder))) {
      if (area.flags & VM_UFFD_MISSING) return 'uffd';
      machine.counters.vmstat.pgfault++;
      faultPmd(machine, this.#mm, area, pmd, this.#write);
    }
    if (pmd.kind === PMD_HUGE_ZERO) {
      if (!this.#write) {
        this.#pages += end - first;
        return undefined;
      }
      writeHugeZero(machine, this.#mm, area, pmd);
    }
    if (pmd.kind === PMD_LEAF) {
      if (this.#leaf(pmd, first, end)) return undefined;
      if (pmd.leaf & PTE_UFFD) return 'uffd';
    }
    if (pmd.kind === PMD_MIGRATION) return 'migration';
    if (pmd.kind === PMD_DETACHED)
      throw new Error(`range ${pmd.number} is touched while khugepaged holds it`);
    if (!ensureTable(machine, this.#mm, pmd)) return 'oom';
    const small = area.flags & VM_UFFD_ANY ? NO_ORDERS : orders;
    for (let offset = first; offset < end; offset++) {
      const stop = this.#write ? this.#writePte(area, pmd, offset, small) : this.#readPte(area, pmd, offset);
      if (stop) return stop;
      this.#pages++;
    }
    return undefined;
  }

  /** Uses a PMD leaf as it is, if a write does not have to split it. */
  #leaf(pmd: Pmd, first: number, end: number): boolean {
    const machine = this.#machine;
    if (this.#write) {
      if (!writeLeaf(machine, this.#mm, pmd)) return false;
      const frame = pteValue(pmd.leaf) + first;
      for (let i = 0; i < end - first; i++) this.#store(frame + i);
    } else {
      pmd.leaf = (pmd.leaf | PTE_ACCESSED) >>> 0;
    }
    this.#pages += end - first;
    return true;
  }

  #store(frame: number): void {
    this.#machine.frames.content[frame] = this.#content;
    this.#content += this.#step;
  }

  #writePte(area: VmArea, pmd: Pmd, offset: number, orders: OrderSet): FaultStop | undefined {
    const machine = this.#machine;
    let pte = pmd.ptes[offset];
    if ((pte & (PTE_KIND | PTE_WRITABLE)) !== (PTE_PRESENT | PTE_WRITABLE)) {
      const stop = this.#writeFault(area, pmd, offset, orders);
      if (stop) return stop;
      pte = pmd.ptes[offset];
    }
    pmd.ptes[offset] = (pte | PTE_ACCESSED | PTE_DIRTY) >>> 0;
    machine.frames.content[pteValue(pte)] = this.#content;
    this.#content += this.#step;
    return undefined;
  }

  #writeFault(area: VmArea, pmd: Pmd, offset: number, orders: OrderSet): FaultStop | undefined {
    const machine = this.#machine;
    const pte = pmd.ptes[offset];
    machine.counters.vmstat.pgfault++;
    if (pte === PTE_NONE) {
      if (area.flags & VM_UFFD_MISSING) return 'uffd';
      area.hasAnonVma = true;
      if (orders !== 0 && faultLargeFolio(machine, this.#mm, area, pmd, offset, orders) > 0) return undefined;
      return this.#newPage(area, pmd, offset);
    }
    if (pte & PTE_UFFD) return 'uffd';
    switch (pte & PTE_KIND) {
      case PTE_PRESENT:
        return writeProtectedPte(machine, this.#mm, area, pmd, offset);
      case PTE_ZERO:
        area.hasAnonVma = true;
        return this.#newPage(area, pmd, offset);
      case PTE_SWAP: {
        const stop = swapInPte(machine, this.#mm, area, pmd, offset);
        if (stop || pmd.ptes[offset] & PTE_WRITABLE) return stop;
        return writeProtectedPte(machine, this.#mm, area, pmd, offset);
      }
    }
    return stopOf(pte);
  }

  #newPage(area: VmArea, pmd: Pmd, offset: number): FaultStop | undefined {
    const machine = this.#machine;
    const frame = allocPage(machine, this.#mm);
    if (frame < 0) return 'oom';
    machine.frames.content[frame] = 0;
    machine.work.zeroedPages++;
    mapNewFolio(machine, { mm: this.#mm, area, pmd, offset }, frame);
    this.#mm.rssPages++;
    return undefined;
  }

  #readPte(area: VmArea, pmd: Pmd, offset: number): FaultStop | undefined {
    const machine = this.#machine;
    const pte = pmd.ptes[offset];
    switch (pte & PTE_KIND) {
      case PTE_PRESENT:
      case PTE_ZERO:
        break;
      case PTE_NONE:
        machine.counters.vmstat.pgfault++;
        if (area.flags & VM_UFFD_MISSING) return 'uffd';
        pmd.ptes[offset] = makePte(PTE_ZERO, 0, 0);
        break;
      case PTE_UFFD_MARKER:
        machine.counters.vmstat.pgfault++;
        pmd.ptes[offset] = makePte(PTE_ZERO, 0, PTE_UFFD);
        break;
      case PTE_SWAP: {
        machine.counters.vmstat.pgfault++;
        const stop = swapInPte(machine, this.#mm, area, pmd, offset);
        if (stop) return stop;
        break;
      }
      default:
        return stopOf(pte);
    }
    pmd.ptes[offset] = (pmd.ptes[offset] | PTE_ACCESSED) >>> 0;
    return undefined;
  }
}

function stopOf(pte: number): FaultStop {
  switch (pte & PTE_KIND) {
    case PTE_MIGRATION:
      return 'migration';
    case PTE_HWPOISON:
      return 'hwpoison';
    case PTE_UFFD_MARKER:
      return 'uffd';
    case PTE_GUARD:
      return 'segv';
  }
  throw new Error(`nothing stops at a PTE of kind ${pte & PTE_KIND}`);
}
