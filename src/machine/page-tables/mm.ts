import type { FileTable } from '../cache/file-tables.ts';
import type { AnonMapper, AnonRoot } from '../folios/anon-ranges.ts';
import type { Memcg } from '../reclaim/memcg.ts';
import { Pmd } from './pmd.ts';
import { VmAreas } from './vm-area.ts';

/** PR_SET_THP_DISABLE: not, for everything, or for all but VM_HUGEPAGE areas (docs/khugepaged.md#prctl). */
export type ThpDisabled = 'no' | 'all' | 'except-advised';

/** An address space (mm_struct). */
export class Mm implements AnonMapper {
  /** 1 and up; the kernel's mm id of the shared hint. */
  readonly id: number;
  readonly name: string;
  readonly memcg: Memcg;
  /** The node that its page faults allocate from first. */
  readonly node: number;
  readonly root: AnonRoot;
  readonly areas = new VmAreas();
  /** PMD entries by range number (address / PMD size); ranges that were never touched have none. */
  readonly pmds = new Map<number, Pmd>();
  readonly moves: number[] = [0];
  /** What is mapped of files, by range number. */
  readonly fileTables = new Map<number, FileTable>();
  thpDisabled: ThpDisabled = 'no';
  /** Anonymous pages mapped (MM_ANONPAGES). */
  rssPages = 0;
  /** Pages of files and shared memory mapped (MM_FILEPAGES, MM_SHMEMPAGES). */
  fileRssPages = 0;
  /** Swap entries (MM_SWAPENTS). */
  swapEntries = 0;
  /** PTE tables, deposited ones included. */
  pageTables = 0;
  exited = false;

  constructor(id: number, name: string, memcg: Memcg, node: number, root: AnonRoot) {
    this.id = id;
    this.name = name;
    this.memcg = memcg;
    this.node = node;
    this.root = root;
    root.mms.add(this);
  }

  /** The PMD entry of a range, made on first use. */
  pmd(number: number): Pmd {
    let pmd = this.pmds.get(number);
    if (pmd === undefined) {
      pmd = new Pmd(number);
      this.pmds.set(number, pmd);
    }
    return pmd;
  }
}
