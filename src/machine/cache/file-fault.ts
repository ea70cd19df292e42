import { ShmemFaults } from '../../core/fault/shmem-fault.ts';
import { isShmem } from '../../core/rules/page-cache.ts';
import { zeroFrames } from '../folios/folio.ts';
import { allocFolio, CHARGE_FAILED } from '../folios/folio-alloc.ts';
import { NO_FRAME } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import { VM_HUGEPAGE, VM_READ, VM_WRITE } from '../page-tables/vma-flags.ts';
import { fileVma, isThpDisabled } from '../page-tables/vma-orders.ts';
import { faultReclaims } from '../settings.ts';
import { addSmallPage, initCacheFolio, insertFolio, noteWritten } from './cache-folio.ts';
import { type FileArea, filePageAt, isFileMapped, mapFilePages, mapsFile } from './file-tables.ts';
import { cachedFrame } from './page-cache.ts';

/** Pages around a read that are mapped if they are in the page cache: fault_around_bytes, 64K. */
const FAULT_AROUND_BYTES = 65_536;

/** Why an access stops: no mapping, no memory, or beyond the end of the file. */
export type FileStop = 'segv' | 'oom' | 'sigbus';

/**
 * A process reads or writes every page of [start, start + bytes), all in areas that map files. A page that is
 * not in the page cache is allocated: of shared memory in a folio of the order that its settings allow, of a
 * file as a small page. Returns why it could not go on.
 * Source: do_shared_fault, do_read_fault, finish_fault; docs/khugepaged.md#faults-of-shared-memory.
 */
export function accessFile(
  machine: Machine,
  mm: Mm,
  start: number,
  bytes: number,
  isWrite: boolean,
): FileStop | undefined {
  for (let at = start; at < start + bytes; ) {
    const area = mm.areas.at(at);
    if (!area || !mapsFile(area) || !(area.flags & (isWrite ? VM_WRITE : VM_READ))) return 'segv';
    const access = new FileAccess(machine, mm, area, isWrite);
    const end = Math.min(start + bytes, area.end);
    for (; at < end; at += machine.pageBytes) {
      const stop = access.page(at);
      if (stop) return stop;
    }
  }
  return undefined;
}

/** Accesses through one area. */
class FileAccess {
  readonly #machine: Machine;
  readonly #mm: Mm;
  readonly #area: FileArea;
  readonly #isWrite: boolean;
  readonly #faults: ShmemFaults;
  /** Pages of the file. */
  readonly #filePages: number;

  constructor(machine: Machine, mm: Mm, area: FileArea, isWrite: boolean) {
    const { file } = area.mapped.pages;
    this.#machine = machine;
    this.#mm = mm;
    this.#area = area;
    this.#isWrite = isWrite;
    this.#filePages = Math.ceil((file.bytes ?? Number.POSITIVE_INFINITY) / machine.pageBytes);
    const disabled = isThpDisabled(mm, area);
    const vma = fileVma(machine, area);
    this.#faults = new ShmemFaults(vma, file, machine.settings.shmem, machine.geometry, disabled);
  }

  page(address: number): FileStop | undefined {
    const machine = this.#machine;
    const { pages } = this.#area.mapped;
    const page = filePageAt(machine, this.#area, address);
    if (!isFileMapped(machine, this.#mm, address)) {
      if (page >= this.#filePages) return 'sigbus';
      machine.counters.vmstat.pgfault++;
      const isNew = cachedFrame(machine, pages, page) === NO_FRAME;
      if (isNew && !this.#allocate(page)) return 'oom';
      this.#map(address, page, isNew);
    }
    if (this.#isWrite) noteWritten(machine, pages, page);
    return undefined;
  }

  /** Brings a page into the page cache, with those around it that its folio has. */
  #allocate(page: number): boolean {
    const machine = this.#machine;
    const { pages } = this.#area.mapped;
    const isEmpty = (first: number, count: number) => {
      for (let i = first; i < first + count; i++)
        if (cachedFrame(machine, pages, i) !== NO_FRAME) return false;
      return true;
    };
    const orders = isShmem(pages.file) ? this.#faults.ordersAt(page, isEmpty) : [];
    for (const order of orders) {
      const head = this.#allocLarge(order);
      if (head === NO_FRAME) continue;
      this.#insert(Math.floor(page / 2 ** order) * 2 ** order, head);
      return true;
    }
    return addSmallPage(machine, this.#mm, pages, page);
  }

  #insert(first: number, head: number): void {
    zeroFrames(this.#machine, head, 1 << this.#machine.frames.order[head]);
    insertFolio(this.#machine, this.#area.mapped.pages, first, head);
  }

  /** A large folio, or NO_FRAME; counted as the kernel counts it. */
  #allocLarge(order: number): number {
    const machine = this.#machine;
    const { memcg, node } = this.#mm;
    const { mthp, vmstat } = machine.counters;
    const isPmdSize = order === machine.geometry.pmdOrder;
    const direct = faultReclaims(machine.settings.defrag, (this.#area.flags & VM_HUGEPAGE) !== 0);
    const mode = direct ? 'direct' : 'light';
    const nodes = machine.nodeOrders[node];
    const head = allocFolio(machine, order, memcg, nodes, mode, initCacheFolio);
    if (head >= 0) {
      mthp.shmem_alloc[order]++;
      if (isPmdSize) vmstat.thp_file_alloc++;
      return head;
    }
    mthp.shmem_fallback[order]++;
    if (isPmdSize) vmstat.thp_file_fallback++;
    if (head === CHARGE_FAILED) {
      mthp.shmem_fallback_charge[order]++;
      if (isPmdSize) vmstat.thp_file_fallback_charge++;
    }
    return NO_FRAME;
  }

  #map(address: number, page: number, isNew: boolean): void {
    const machine = this.#machine;
    const { frames: f, geometry, pageBytes, rangeBytes, rangePages } = machine;
    const { start, end, mapped } = this.#area;
    const order = f.order[cachedFrame(machine, mapped.pages, page)];
    const base = Math.floor(address / rangeBytes) * rangeBytes;
    const isWhole = base >= start && base + rangeBytes <= end && mapped.skew % rangePages === 0;
    if (order === geometry.pmdOrder && isWhole && !this.#mm.fileTables.has(base / rangeBytes)) {
      mapFilePages(machine, this.#mm, base, rangePages, true);
      return;
    }
    if (isNew || this.#isWrite) {
      const count = isShmem(mapped.pages.file) ? 1 << order : 1;
      const from = address - (page % count) * pageBytes;
      const to = from + count * pageBytes;
      const fits = from >= Math.max(start, base) && to <= Math.min(end, base + rangeBytes);
      if (fits && this.#isUnmapped(from, to)) mapFilePages(machine, this.#mm, from, count);
      else mapFilePages(machine, this.#mm, address, 1);
    } else this.#mapAround(address);
  }

  /** Maps what is in the page cache around a page that is read. Source: do_fault_around. */
  #mapAround(address: number): void {
    const machine = this.#machine;
    const { pageBytes } = machine;
    const { start, end, mapped } = this.#area;
    const bytes = Math.max(pageBytes, FAULT_AROUND_BYTES);
    const from = Math.floor(address / bytes) * bytes;
    for (let at = Math.max(start, from); at < Math.min(end, from + bytes); at += pageBytes) {
      const isCached = cachedFrame(machine, mapped.pages, filePageAt(machine, this.#area, at)) !== NO_FRAME;
      if (isCached && !isFileMapped(machine, this.#mm, at)) mapFilePages(machine, this.#mm, at, 1);
    }
  }

  #isUnmapped(from: number, to: number): boolean {
    for (let at = from; at < to; at += this.#machine.pageBytes)
      if (isFileMapped(this.#machine, this.#mm, at)) return false;
    return true;
  }
}
