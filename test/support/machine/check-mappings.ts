import { FRAME_FOLIO, NO_FRAME, PG_EXCLUSIVE } from '../../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import type { Mm } from '../../../src/machine/page-tables/mm.ts';
import {
  PMD_DETACHED,
  PMD_LEAF,
  PMD_MIGRATION,
  PMD_NONE,
  PMD_TABLE,
  type Pmd,
} from '../../../src/machine/page-tables/pmd.ts';
import {
  PTE_KIND,
  PTE_MIGRATION,
  PTE_NONE,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_UFFD,
  PTE_UFFD_MARKER,
  PTE_WRITABLE,
  pteValue,
} from '../../../src/machine/page-tables/pte.ts';
import { VM_WRITE } from '../../../src/machine/page-tables/vma-flags.ts';

/** What the page tables of all processes add up to. */
export interface FoundMappings {
  readonly problems: string[];
  /** PTEs that map each frame. */
  readonly mapcount: Int32Array;
  /** PMD leaves that map each folio, by head. */
  readonly leaves: Map<number, number>;
  /** The address spaces that map each large folio, by head. */
  readonly mappers: Map<number, Set<number>>;
  /** Swap entries of each slot. */
  readonly swapUses: Int32Array;
  readonly pageTables: Set<number>;
}

/** Goes through all page tables: are entries legal where they are, and do the process's own counts agree? */
export function checkMappings(machine: Machine): FoundMappings {
  const found: FoundMappings = {
    problems: [],
    mapcount: new Int32Array(machine.frames.count),
    leaves: new Map(),
    mappers: new Map(),
    swapUses: new Int32Array(machine.swap.slots),
    pageTables: new Set(),
  };
  for (const mm of machine.mms.values()) checkMm(machine, mm, found);
  return found;
}

function checkMm(machine: Machine, mm: Mm, found: FoundMappings): void {
  const { problems } = found;
  let rss = 0;
  let swap = 0;
  let tables = 0;
  for (const [number, pmd] of mm.pmds) {
    const where = `process ${mm.id} range ${number}`;
    if ((pmd.kind === PMD_NONE) !== (pmd.tableFrame === NO_FRAME)) {
      problems.push(`${where}: a page table without a use, or none where one must be`);
    }
    if (pmd.tableFrame !== NO_FRAME) {
      tables++;
      if (found.pageTables.has(pmd.tableFrame)) problems.push(`${where}: its page table is used twice`);
      found.pageTables.add(pmd.tableFrame);
    }
    if (pmd.kind === PMD_LEAF || pmd.kind === PMD_MIGRATION) {
      checkLeaf(machine, mm, pmd, where, found);
      rss += machine.rangePages;
    } else if (pmd.kind === PMD_TABLE || pmd.kind === PMD_DETACHED) {
      const counts = checkTable(machine, mm, pmd, where, found);
      rss += counts.rss;
      swap += counts.swap;
    }
  }
  if (rss !== mm.rssPages) problems.push(`process ${mm.id} maps ${rss} pages and counts ${mm.rssPages}`);
  if (swap !== mm.swapEntries)
    problems.push(`process ${mm.id} has ${swap} swap entries and counts ${mm.swapEntries}`);
  if (tables !== mm.pageTables)
    problems.push(`process ${mm.id} has ${tables} page tables and counts ${mm.pageTables}`);
  const areas = mm.areas.all();
  areas.forEach((area, i) => {
    if (area.start >= area.end || (i > 0 && areas[i - 1].end > area.start)) {
      problems.push(`process ${mm.id}: area ${i} is empty or overlaps the one before`);
    }
  });
}

function checkLeaf(machine: Machine, mm: Mm, pmd: Pmd, where: string, found: FoundMappings): void {
  const f = machine.frames;
  const head = pteValue(pmd.leaf);
  const start = pmd.number * machine.rangeBytes;
  const area = mm.areas.at(start);
  if (!area || area.end < start + machine.rangeBytes)
    found.problems.push(`${where}: a PMD leaf outside its area`);
  if (
    f.kind(head) !== FRAME_FOLIO ||
    f.headOf(head) !== head ||
    f.order[head] !== machine.geometry.pmdOrder
  ) {
    found.problems.push(`${where}: the PMD leaf maps no PMD-order folio`);
    return;
  }
  const mayWrite = f.has(head, PG_EXCLUSIVE) && area !== undefined && area.flags & VM_WRITE;
  if (pmd.leaf & PTE_WRITABLE && !mayWrite)
    found.problems.push(`${where}: the PMD leaf must not be writable`);
  found.leaves.set(head, (found.leaves.get(head) ?? 0) + 1);
  noteMapper(found, head, mm.id);
}

function checkTable(
  machine: Machine,
  mm: Mm,
  pmd: Pmd,
  where: string,
  found: FoundMappings,
): { rss: number; swap: number } {
  const f = machine.frames;
  const { problems } = found;
  let rss = 0;
  let swap = 0;
  pmd.ptes.forEach((pte, i) => {
    const kind = pte & PTE_KIND;
    if (kind === PTE_NONE) {
      if (pte !== PTE_NONE) problems.push(`${where} PTE ${i}: an empty PTE with bits`);
      return;
    }
    const area = mm.areas.at(pmd.number * machine.rangeBytes + i * machine.pageBytes);
    if (!area) problems.push(`${where} PTE ${i}: an entry of kind ${kind} outside of every area`);
    if (kind === PTE_UFFD_MARKER && !(pte & PTE_UFFD))
      problems.push(`${where} PTE ${i}: a marker without its bit`);
    if (kind === PTE_SWAP) {
      swap++;
      found.swapUses[pteValue(pte)]++;
    }
    if (kind === PTE_PRESENT || kind === PTE_MIGRATION) rss++;
    if (kind !== PTE_PRESENT) return;
    const frame = pteValue(pte);
    if (f.kind(frame) !== FRAME_FOLIO) {
      problems.push(`${where} PTE ${i}: maps frame ${frame}, which is no folio's`);
      return;
    }
    if (pte & PTE_WRITABLE && !(f.has(frame, PG_EXCLUSIVE) && area && area.flags & VM_WRITE)) {
      problems.push(`${where} PTE ${i}: must not be writable`);
    }
    found.mapcount[frame]++;
    if (f.order[frame] > 0) noteMapper(found, f.headOf(frame), mm.id);
  });
  return { rss, swap };
}

function noteMapper(found: FoundMappings, head: number, mm: number): void {
  const mappers = found.mappers.get(head);
  if (mappers) mappers.add(mm);
  else found.mappers.set(head, new Set([mm]));
}
