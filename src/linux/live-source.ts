import { fail, type Result, succeed } from '../core/base/failure.ts';
import { type Geometry, pageBytes } from '../core/memory/geometry.ts';
import type { Host, MemoryItem, MemorySource } from '../core/rules/memory-source.ts';
import type { ProcessCost } from '../core/rules/reading-cost.ts';
import { CostMeter } from './cost-meter.ts';
import { kernelTells } from './kernel/kernel-tells.ts';
import type { KernelTree } from './kernel/kernel-tree.ts';
import { whyKoffiFailed } from './kernel/koffi.ts';
import { readHost } from './machine/host.ts';
import { MemoryGroupReader } from './machine/memory-groups.ts';
import { settingsNotes } from './machine/sysfs-settings.ts';
import { type CacheCalls, loadCacheCalls } from './page-cache/cache-calls.ts';
import { readPageCache } from './page-cache/cache-reader.ts';
import { MappedFiles } from './page-cache/mapped-files.ts';
import { createChunkBuffer } from './pages/chunk-buffer.ts';
import { LargeFolioCounters } from './pages/large-folios.ts';
import { RANGES_PER_CHUNK } from './pages/page-chunks.ts';
import { PageFlags } from './pages/page-flags.ts';
import { canSeeFrameNumbers, openPagemap, type Pagemap } from './pages/pagemap.ts';
import { loadPagemapScan, type PagemapScan } from './pages/pagemap-scan.ts';
import { PageNumbers } from './pages/shared-pages.ts';
import { whyNoPageFlags } from './processes/permission.ts';
import { largestFirst, type SizedProcess } from './processes/process.ts';
import { readOne } from './processes/process-reader.ts';
import { type CompareMemory, loadCompareMemory, SharedMemory } from './processes/shared-mm.ts';
import { type ReadingClock, SYSTEM_CLOCK } from './reading-clock.ts';

const NEEDS_SCAN =
  'PAGEMAP_SCAN is not available (Linux 6.7 and the koffi package have it): where memory is mapped by PMD entries is known as far as the sums of smaps tell';

/** CPU time that one reading may take: see docs/performance.md#what-a-reading-takes. */
export interface CpuBudget {
  readonly cpuNs: number;
  /** As it was asked for: "50ms". */
  readonly text: string;
}

/** How running processes are read. */
export interface LiveOptions {
  /** Only the PMD range around it. */
  readonly address?: number;
  /**
   * With one, processes come by their resident memory, the largest first; once it is spent no other is begun.
   */
  readonly budget?: CpuBudget;
  readonly clock?: ReadingClock;
}

/** Running processes as a source. */
export interface LiveSource extends MemorySource {
  /**
   * What each process took that was read so far, in their order; what is done with its items does not count.
   */
  readonly costs: readonly ProcessCost[];
}

/**
 * The memory of running processes, read in chunks of bounded size. Processes that end, VMAs that change and
 * memory that may not be read come out as `skipped` items. Fails where /proc/PID/pagemap does not exist. A
 * tree that is not of the kernel that runs is read as one without PAGEMAP_SCAN, on any system.
 */
export async function openLiveSource(
  tree: KernelTree,
  pids: readonly number[],
  now: Date,
  { address, budget, clock = SYSTEM_CLOCK }: LiveOptions = {},
): Promise<Result<LiveSource>> {
  const beganNs = clock.cpuNs();
  if (tree.isRunning && process.platform !== 'linux') {
    return fail('unsupported', `live memory can be read on Linux only; give a snapshot file instead`);
  }
  const facts = readHost(tree, now);
  if (!facts.ok) return facts;
  const host = facts.value;
  const pagemap = firstPagemap(tree, ['self', ...pids], host.geometry);
  if (!pagemap) {
    return fail(
      'unsupported',
      'this kernel has no /proc/PID/pagemap (CONFIG_PROC_PAGE_MONITOR); give a snapshot file',
    );
  }
  const meter = new CostMeter(clock);
  const scan = tree.isRunning ? await loadPagemapScan(pagemap.fd, meter.underLocks) : undefined;
  const compareMemory = tree.isRunning && pids.length > 1 ? await loadCompareMemory() : undefined;
  const cacheCalls = tree.isRunning ? await loadCacheCalls(host.geometry) : undefined;
  pagemap.close();
  const costs: ProcessCost[] = [];
  const budgetLeft = budget && { ...budget, isSpent: () => clock.cpuNs() - beganNs > budget.cpuNs };
  const items = () =>
    readProcesses(
      tree,
      pids,
      host,
      { scan, compareMemory, cacheCalls, meter, costs },
      { address, budget: budgetLeft },
    );
  return succeed({ host, costs, items });
}

/** Our own pagemap, or one that was asked about where /proc shows others alone. */
function firstPagemap(
  tree: KernelTree,
  of: readonly (number | 'self')[],
  geometry: Geometry,
): Pagemap | undefined {
  for (const each of of) {
    const pagemap = openPagemap(tree.process(each), geometry);
    if (pagemap.ok) return pagemap.value;
  }
  return undefined;
}

interface SourceTools {
  readonly scan: PagemapScan | undefined;
  readonly compareMemory: CompareMemory | undefined;
  readonly cacheCalls: CacheCalls | undefined;
  readonly meter: CostMeter;
  readonly costs: ProcessCost[];
}

interface BudgetLeft extends CpuBudget {
  readonly isSpent: () => boolean;
}

async function* readProcesses(
  tree: KernelTree,
  pids: readonly number[],
  host: Host,
  { scan, compareMemory, cacheCalls, meter, costs }: SourceTools,
  { address, budget }: { readonly address: number | undefined; readonly budget: BudgetLeft | undefined },
): AsyncIterable<MemoryItem> {
  const flags = canSeeFrameNumbers(tree, host.geometry) ? PageFlags.open(tree) : undefined;
  const largeFolios = flags && LargeFolioCounters.open(tree, host.geometry);
  if (!flags) yield { kind: 'note', message: whyNoPageFlags(tree) };
  if (!scan) yield { kind: 'note', message: NEEDS_SCAN + whyKoffiFailed() };
  for (const message of settingsNotes(tree, host.geometry)) yield { kind: 'note', message };
  try {
    const { underLocks } = meter;
    const shared = pids.length > 1 ? new SharedMemory(tree, compareMemory, underLocks) : undefined;
    const tools = {
      tree,
      geometry: host.geometry,
      scan,
      flags,
      largeFolios,
      tells: kernelTells(host.kernelRelease),
      numbers: new PageNumbers(),
      buffer: createChunkBuffer(host.geometry, RANGES_PER_CHUNK),
      groups: new MemoryGroupReader(tree),
      underLocks,
    };
    const files = new MappedFiles(host.geometry, address);
    /** The process, or a note where one before it has the same address space. */
    const itemsOf = function* (pid: number): Iterable<MemoryItem> {
      const owner = shared?.ownerOf(pid);
      if (owner) yield { kind: 'note', message: countedOnce(pid, owner) };
      else yield* readOne(pid, tools, address);
    };
    const order = budget ? largestFirst(tree, pids) : pids.map((pid) => ({ pid, residentPages: 0 }));
    for (const process of order) {
      const { pid } = process;
      if (budget?.isSpent()) {
        yield leftOut(process, budget, host.geometry);
        continue;
      }
      for (const item of metered(itemsOf(pid), meter)) {
        files.add(item);
        yield item;
      }
      costs.push({ pid, ...meter.take() });
    }
    const whyStopped = () =>
      budget?.isSpent() ? `the budget of ${budget.text} of CPU time is spent` : undefined;
    yield* readPageCache({ ...tools, calls: cacheCalls, whyStopped }, files);
  } finally {
    flags?.close();
    largeFolios?.close();
  }
}

function leftOut({ pid, residentPages }: SizedProcess, { text }: CpuBudget, geometry: Geometry): MemoryItem {
  const message = `process ${pid}: left out: larger ones took the budget of ${text} of CPU time`;
  const leftOutBytes = residentPages * pageBytes(geometry);
  return { kind: 'skipped', pid, failure: { kind: 'unsupported', message }, leftOutBytes };
}

/** What is made at once, ranges and other items: asking what each took would take longer than most do. */
const RANGES_AT_ONCE = RANGES_PER_CHUNK;
const ITEMS_AT_ONCE = 256;

/** Passes items on; the meter counts what it takes to make them. */
function* metered(items: Iterable<MemoryItem>, meter: CostMeter): Iterable<MemoryItem> {
  const iterator = items[Symbol.iterator]();
  const made: MemoryItem[] = [];
  /** Whether there may be more. */
  const make = () => {
    made.length = 0;
    for (let ranges = 0; made.length < ITEMS_AT_ONCE && ranges < RANGES_AT_ONCE; ) {
      const next = iterator.next();
      if (next.done) return false;
      made.push(next.value);
      if (next.value.kind === 'ranges') ranges += next.value.ranges.length;
    }
    return true;
  };
  try {
    for (let more = true; more; ) {
      more = meter.work(make);
      yield* made;
    }
  } finally {
    iterator.return?.();
  }
}

function countedOnce(pid: number, owner: NonNullable<ReturnType<SharedMemory['ownerOf']>>): string {
  const how = owner.by === 'kcmp' ? '' : ', as far as equal addresses and sums of smaps tell';
  return `process ${pid} shares one address space with process ${owner.pid}${how}: counted once, as that one`;
}
