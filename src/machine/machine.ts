import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../core/memory/geometry.ts';
import { PageCache } from './cache/page-cache.ts';
import { Counters } from './counters.ts';
import { AnonRanges, AnonRoot } from './folios/anon-ranges.ts';
import { LruBatches } from './folios/lru-batches.ts';
import { Buddy } from './frames/buddy.ts';
import { FrameTable } from './frames/frame-table.ts';
import { Mm } from './page-tables/mm.ts';
import type { VmArea } from './page-tables/vm-area.ts';
import { Memcg } from './reclaim/memcg.ts';
import { SwapArea } from './reclaim/swap-area.ts';
import { defaultMachineSettings, type MachineSettings } from './settings.ts';
import { noWork } from './work.ts';

export interface MachineOptions {
  readonly geometry: Geometry;
  /** Base pages of each node. */
  readonly nodes: readonly number[];
  /** CPUs, each with an LRU add batch; 1 by default. */
  readonly cpus?: number;
  /** Base pages of swap; none by default. */
  readonly swapPages?: number;
  /** Pages of each node that allocations leave free; 0 by default. */
  readonly minFreePages?: number;
  readonly settings?: MachineSettings;
}

/** Calls by which the daemon hears of address spaces (docs/khugepaged.md#registration), after the change. */
export interface MachineHooks {
  /** khugepaged_enter_vma: the area may qualify its address space from now on. */
  enterVma?(mm: Mm, area: VmArea): void;
  forked?(parent: Mm, child: Mm): void;
  /** The address space is about to be torn down. */
  exiting?(mm: Mm): void;
}

/**
 * All state of a simulated machine. What can be done with it are functions in the other files of this room.
 */
export class Machine {
  readonly geometry: Geometry;
  /** PTEs in a PMD range. */
  readonly rangePages: number;
  readonly pageBytes: number;
  readonly rangeBytes: number;
  readonly frames: FrameTable;
  readonly nodes: readonly Buddy[];
  readonly minFreePages: number;
  readonly swap: SwapArea;
  readonly batches: LruBatches;
  readonly anon: AnonRanges;
  readonly counters: Counters;
  readonly work = noWork();
  /** Files and shared memory. */
  readonly cache = new PageCache();
  /** Large folios that wait to be split, the oldest first. */
  readonly deferred = new Set<number>();
  /** References by get_user_pages: pins of each frame. */
  readonly pins = new Map<number, number>();
  readonly mms = new Map<number, Mm>();
  readonly memcgs: Memcg[];
  hooks: MachineHooks = {};
  settings: MachineSettings;
  /** The CPU that runs what is done next: its LRU add batch is used. */
  cpu = 0;
  /** Page cache outside of `cache`, of files that nobody maps: what reclaim can drop without swap. */
  cachePages = 0;
  /** Pages of folios that MADV_FREE has marked. */
  lazyfreePages = 0;
  /** Where reclaim goes on, by node. */
  readonly reclaimHands: number[];
  /** Where compaction goes on, by node. */
  readonly compactHands: number[];
  /**
   * Failed compactions: the smallest order that failed and how many requests are still to be skipped, by
   * node.
   */
  readonly compactDeferred: { order: number; shift: number; skip: number }[];
  /** For each node the order in which it asks all nodes for memory: itself, then the others ascending. */
  readonly nodeOrders: readonly (readonly number[])[];
  #nextMm = 1;
  #nextContent = 0;

  constructor(options: MachineOptions) {
    const { geometry, nodes, cpus = 1, swapPages = 0, minFreePages = 0 } = options;
    this.geometry = geometry;
    this.rangePages = pagesPerRange(geometry);
    this.pageBytes = pageBytes(geometry);
    this.rangeBytes = rangeBytes(geometry);
    this.settings = options.settings ?? defaultMachineSettings(geometry);
    this.minFreePages = minFreePages;
    this.nodeOrders = nodes.map((_, first) =>
      [first, ...nodes.keys()].filter((n, i) => i === 0 || n !== first),
    );
    const maxOrder = Math.max(10, geometry.pmdOrder);
    const starts = nodeStarts(nodes, 2 ** maxOrder);
    this.frames = new FrameTable(starts[nodes.length]);
    this.nodes = nodes.map(
      (pages, i) => new Buddy(this.frames, i, starts[i], starts[i] + pages, maxOrder, geometry.pmdOrder),
    );
    this.swap = new SwapArea(swapPages);
    this.batches = new LruBatches(cpus);
    this.anon = new AnonRanges(geometry.pmdOrder);
    this.counters = new Counters(geometry.pmdOrder);
    this.memcgs = [new Memcg(0, '/', undefined, Number.POSITIVE_INFINITY)];
    this.reclaimHands = starts.slice(0, nodes.length);
    this.compactHands = starts.slice(0, nodes.length);
    this.compactDeferred = nodes.map(() => ({ order: maxOrder + 1, shift: 0, skip: 0 }));
  }

  get rootMemcg(): Memcg {
    return this.memcgs[0];
  }

  get freePages(): number {
    return this.nodes.reduce((sum, node) => sum + node.freePages, 0);
  }

  /** The node that a frame belongs to. */
  nodeOf(frame: number): Buddy {
    const { nodes } = this;
    let i = nodes.length - 1;
    while (nodes[i].first > frame) i--;
    return nodes[i];
  }

  /** A new memory cgroup; `limit` in base pages. */
  createMemcg(name: string, limit = Number.POSITIVE_INFINITY, parent = this.rootMemcg): Memcg {
    if (this.memcgs.length === 256) throw new Error('a machine has at most 255 memory cgroups');
    const memcg = new Memcg(this.memcgs.length, name, parent, limit);
    this.memcgs.push(memcg);
    return memcg;
  }

  /** A new, empty address space: a process after exec. */
  createMm(name: string, { memcg = this.rootMemcg, node = 0, root = new AnonRoot() } = {}): Mm {
    const mm = new Mm(this.#nextMm++, name, memcg, node, root);
    this.mms.set(mm.id, mm);
    return mm;
  }

  /** The first of `count` consecutive content tokens that were not handed out before. */
  freshContent(count: number): number {
    if (this.#nextContent + count > 0xffffffff) this.#nextContent = 0;
    const first = this.#nextContent + 1;
    this.#nextContent += count;
    return first;
  }
}

function nodeStarts(nodes: readonly number[], alignment: number): number[] {
  const starts = [0];
  for (const pages of nodes) {
    const end = starts[starts.length - 1] + pages;
    starts.push(starts.length === nodes.length ? end : Math.ceil(end / alignment) * alignment);
  }
  return starts;
}
