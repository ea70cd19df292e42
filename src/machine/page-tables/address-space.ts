import { roundDown, roundUp } from '../../core/base/round.ts';
import { closeFileArea } from '../cache/file-calls.ts';
import type { FilePages } from '../cache/page-cache.ts';
import type { Machine } from '../machine.ts';
import { placementOf } from './layout.ts';
import type { Mm } from './mm.ts';
import { PMD_HUGE_ZERO, PMD_LEAF } from './pmd.ts';
import { splitPmd } from './pmd-split.ts';
import { unmapPages } from './unmap.ts';
import { VM_READ, VM_WRITE } from './vma-flags.ts';

export interface MmapRequest {
  /** Bytes; rounded up to whole pages. */
  readonly bytes: number;
  /** Where exactly; what is there is unmapped first. By default the highest gap that fits. */
  readonly address?: number;
  /** Mask of VM_*; readable and writable by default. */
  readonly flags?: number;
  readonly name?: string;
  /** Private anonymous memory; false is a mapping of another kind, which is never touched. */
  readonly anonymous?: boolean;
  /**
   * Pages by which it lies elsewhere than what it shares with others of its root, as mremap would move it.
   */
  readonly moved?: number;
  /** A shared mapping of a file from this page on. */
  readonly file?: MappedFile | undefined;
}

interface MappedFile {
  readonly pages: FilePages;
  readonly page: number;
  /** Shared memory of MAP_ANONYMOUS, without a file descriptor. */
  readonly isAnonymous?: boolean;
}

/** Mappings without an address lie below. */
const MMAP_TOP = 0x7f80_0000_0000;

/**
 * Maps new memory and returns its first address. Without an address mappings lie top down, aligned as
 * `placementOf` says. Source: docs/khugepaged.md#layout-of-mappings.
 */
export function mmap(machine: Machine, mm: Mm, request: MmapRequest): number {
  const { flags = VM_READ | VM_WRITE, name = '', file, moved = 0 } = request;
  const { anonymous = file === undefined } = request;
  const bytes = roundUp(request.bytes, machine.pageBytes);
  if (bytes <= 0) throw new Error('mmap needs a length');
  const start = request.address ?? findGap(machine, mm, bytes, request);
  if (start % machine.pageBytes !== 0) throw new Error(`mmap address ${start} is not page aligned`);
  if (request.address !== undefined) munmap(machine, mm, start, bytes);
  const area = mm.areas.add({
    start,
    end: start + bytes,
    flags,
    name,
    anonymous,
    hasAnonVma: false,
    moved,
    ...(file && { mapped: { pages: file.pages, skew: start / machine.pageBytes - file.page } }),
  });
  if (!mm.moves.includes(moved)) mm.moves.push(moved);
  machine.hooks.enterVma?.(mm, area);
  return start;
}

function findGap(machine: Machine, mm: Mm, bytes: number, request: MmapRequest): number {
  const { pageBytes, rangeBytes } = machine;
  const placement = placementOf(machine, bytes, request);
  const from = (request.file?.page ?? 0) * pageBytes;
  const below = (end: number) => {
    const { alignment, skew } = placement ?? { alignment: pageBytes, skew: 0 };
    const start = roundDown(end - bytes - skew, alignment) + skew;
    // The top of a real address space is random: a file is aligned by chance once in NR times, here never.
    const isChance = !placement && request.file && bytes >= rangeBytes && (start - from) % rangeBytes === 0;
    return isChance ? start - pageBytes : start;
  };
  let start = below(MMAP_TOP);
  for (const area of [...mm.areas.all()].reverse()) {
    if (area.start >= start + bytes) continue;
    if (area.end <= start) break;
    start = below(area.start);
  }
  return start;
}

/** Removes mappings and everything in them. */
export function munmap(machine: Machine, mm: Mm, start: number, bytes: number): void {
  const end = start + roundUp(bytes, machine.pageBytes);
  const removed = mm.areas.remove(start, end);
  for (const area of removed) {
    unmapPages(machine, mm, area.start, area.end, { markers: true, tables: 'whole' });
    if (area.mapped) closeFileArea(machine, mm, area);
  }
  if (removed.length > 0) freeEmptyTables(machine, mm, removed[0].start, removed[removed.length - 1].end);
}

/** Page tables go when no area is left in their range, also those at the edges. */
export function freeEmptyTables(machine: Machine, mm: Mm, start: number, end: number): void {
  const { rangeBytes, pageBytes } = machine;
  for (const address of [start, end - pageBytes]) {
    const from = Math.floor(address / rangeBytes) * rangeBytes;
    if (mm.areas.overlapping(from, from + rangeBytes).length > 0) continue;
    unmapPages(machine, mm, from, from + rangeBytes, { markers: true, tables: 'whole' });
  }
}

/**
 * Changes flags of the areas in [start, end). Where an area then ends within a range, a PMD leaf there is
 * split (vma_adjust_trans_huge).
 */
export function changeAreas(
  machine: Machine,
  mm: Mm,
  start: number,
  end: number,
  change: (flags: number) => number,
): void {
  mm.areas.changeFlags(start, end, change);
  for (const address of [start, end]) {
    const pmd = mm.pmds.get(Math.floor(address / machine.rangeBytes));
    const isWhole = pmd?.kind === PMD_LEAF || pmd?.kind === PMD_HUGE_ZERO;
    if (address % machine.rangeBytes === 0 || !isWhole) continue;
    if (
      mm.areas.at(address)?.start === address ||
      mm.areas.at(address - machine.pageBytes)?.end === address
    ) {
      splitPmd(machine, mm, pmd);
    }
  }
}
