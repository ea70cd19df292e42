import { type Failure, fail, type Result, succeed } from '../core/base/failure.ts';
import { sum } from '../core/base/sum.ts';
import { type Geometry, rangeBytes } from '../core/memory/geometry.ts';
import type { RangeState } from '../core/memory/range-state.ts';
import type { Host, MemoryItem, MemorySource } from '../core/rules/memory-source.ts';
import { createChunkBuffer } from './chunk-buffer.ts';
import { type Instruments, RANGES_PER_CHUNK, readChunk } from './chunk-reader.ts';
import { readHost } from './host.ts';
import { KernelReadError } from './kernel-file.ts';
import type { KernelTree } from './kernel-tree.ts';
import { MemoryGroupReader } from './memory-groups.ts';
import { PageFlags } from './page-flags.ts';
import { canSeeFrameNumbers, openPagemap, type Pagemap } from './pagemap.ts';
import { loadPagemapScan, PAGE_IS, type PagemapScan } from './pagemap-scan.ts';
import { whyNoPageFlags, whyUnreadable } from './permission.ts';
import { pmdMappingOf } from './pmd-mapped.ts';
import { readProcess } from './process.ts';
import { loadSameMemory, type SameMemory, SharedMemory } from './shared-mm.ts';
import { PageNumbers } from './shared-pages.ts';
import { readSmaps, type SmapsVma } from './smaps.ts';
import { settingsNotes } from './sysfs-settings.ts';

const NEEDS_SCAN =
  'PAGEMAP_SCAN is not available (Linux 6.7 and the koffi package have it): where memory is mapped by PMD entries is known as far as the sums of smaps tell';

/** How running processes are read. */
export interface LiveOptions {
  /** Only the PMD range around it. */
  readonly address?: number;
  /** Asked before each process; what it answers is why this one, and all after it, are skipped. */
  readonly budget?: () => Failure | undefined;
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
  { address, budget }: LiveOptions = {},
): Promise<Result<MemorySource>> {
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
  const scan = tree.isRunning ? await loadPagemapScan(pagemap.fd) : undefined;
  const sameMemory = tree.isRunning && pids.length > 1 ? await loadSameMemory() : undefined;
  pagemap.close();
  return succeed({
    host,
    items: () => readProcesses(tree, pids, host, { scan, sameMemory }, { address, budget }),
  });
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

async function* readProcesses(
  tree: KernelTree,
  pids: readonly number[],
  host: Host,
  {
    scan,
    sameMemory,
  }: { readonly scan: PagemapScan | undefined; readonly sameMemory: SameMemory | undefined },
  { address, budget }: LiveOptions,
): AsyncIterable<MemoryItem> {
  const flags = canSeeFrameNumbers(tree, host.geometry) ? PageFlags.open(tree) : undefined;
  if (!flags) yield { kind: 'note', message: whyNoPageFlags(tree) };
  if (!scan) yield { kind: 'note', message: NEEDS_SCAN };
  for (const message of settingsNotes(tree, host.geometry)) yield { kind: 'note', message };
  try {
    const buffer = createChunkBuffer(host.geometry, RANGES_PER_CHUNK);
    const shared = new SharedMemory(tree, sameMemory);
    const groups = new MemoryGroupReader(tree);
    const numbers = new PageNumbers();
    for (const pid of pids) {
      const spent = budget?.();
      if (spent) {
        yield { kind: 'skipped', pid, failure: { ...spent, message: `process ${pid}: ${spent.message}` } };
        continue;
      }
      const owner = pids.length > 1 ? shared.ownerOf(pid) : undefined;
      if (owner) yield { kind: 'note', message: countedOnce(pid, owner) };
      else
        yield* readOne(tree, pid, { geometry: host.geometry, scan, flags, numbers, buffer }, groups, address);
    }
  } finally {
    flags?.close();
  }
}

function* readOne(
  tree: KernelTree,
  pid: number,
  shared: Omit<Instruments, 'pagemap'>,
  groups: MemoryGroupReader,
  address: number | undefined,
): Iterable<MemoryItem> {
  const skipped = (failure: Failure): MemoryItem => ({ kind: 'skipped', pid, failure });
  const opened = readProcess(tree, pid);
  if (!opened.ok) return yield skipped(opened.failure);
  const { folder } = opened.value;
  const pagemap = openPagemap(folder, shared.geometry);
  if (!pagemap.ok) return yield skipped(whyUnreadable(tree, pagemap.failure, pid, folder));
  const tools = { ...shared, pagemap: pagemap.value };
  try {
    const smaps = readSmaps(folder);
    if (!smaps.ok) return yield skipped(whyUnreadable(tree, smaps.failure, pid, folder));
    const vmas = tools.scan ? smaps.value : smaps.value.map((vma) => withPmdMapping(tools, vma));
    const again = readProcess(tree, pid);
    if (!again.ok || again.value.process.startTime !== opened.value.process.startTime) {
      return yield skipped({ kind: 'unreadable', message: `process ${pid}: ended before it could be read` });
    }
    const ksmBytes = sum(vmas.map((vma) => vma.ksmBytes));
    const unplaced = vmas.filter(({ pmdMapping }) => pmdMapping === 'somewhere');
    const unplacedHugeBytes = sum(unplaced.map(({ pmdMappedBytes }) => pmdMappedBytes));
    const memoryGroups = groups.of(folder);
    yield {
      kind: 'process',
      process: { ...opened.value.process, unplacedHugeBytes, ksmBytes, memoryGroups },
    };
    for (const vma of vmas) {
      if (address !== undefined && !(vma.start <= address && address < vma.end)) continue;
      yield { kind: 'vma', vma };
      if (!vma.anonymous) continue;
      const chunks =
        address === undefined ? populatedChunks(tools, vma) : [rangeAround(address, tools.geometry)];
      for (const [start, end] of chunks) {
        const ranges = readChunk(tools, vma, start, end);
        if (!ranges.ok) return yield skipped(ranges.failure);
        if (ranges.value.length > 0) yield { kind: 'ranges', ranges: ranges.value };
      }
    }
    // Where there is nothing to read the end of the process does not show.
    const alive = pagemap.value.read(0, tools.buffer.entries.subarray(0, 2));
    if (!alive.ok) yield skipped(alive.failure);
  } catch (error) {
    if (!(error instanceof KernelReadError)) throw error;
    yield skipped({ kind: 'unreadable', message: `process ${pid}: ${error.message}` });
  } finally {
    pagemap.value.close();
  }
}

/** Without PAGEMAP_SCAN the whole VMA is looked at first: sums tell where PMD mappings are, or how many. */
function withPmdMapping(tools: Instruments, vma: SmapsVma): SmapsVma {
  if (!vma.anonymous || vma.pmdMappedBytes === 0) return vma;
  const numbers = new PageNumbers();
  return { ...vma, pmdMapping: pmdMappingOf(vma, rangesOf({ ...tools, numbers }, vma)) };
}

/** The ranges of a VMA; those of a process that ends meanwhile end early. */
function* rangesOf(tools: Instruments, vma: SmapsVma): Iterable<RangeState> {
  for (const [start, end] of populatedChunks(tools, vma)) {
    const ranges = readChunk(tools, vma, start, end);
    if (!ranges.ok) return;
    yield* ranges.value;
  }
}

function countedOnce(pid: number, owner: NonNullable<ReturnType<SharedMemory['ownerOf']>>): string {
  const how = owner.by === 'kcmp' ? '' : ', as far as equal addresses and sums of smaps tell';
  return `process ${pid} shares one address space with process ${owner.pid}${how}: counted once, as that one`;
}

function rangeAround(address: number, geometry: Geometry): [start: number, end: number] {
  const bytes = rangeBytes(geometry);
  const start = Math.floor(address / bytes) * bytes;
  return [start, start + bytes];
}

/**
 * The parts of a VMA to read, aligned to PMD ranges. Reserved address space costs as much to read as used
 * memory, so where a VMA is mostly empty the kernel is asked first which parts are in use.
 */
function* populatedChunks(tools: Instruments, vma: SmapsVma): Iterable<[start: number, end: number]> {
  if (vma.rssBytes + vma.swapBytes === 0 && !tools.scan) return;
  const bytes = rangeBytes(tools.geometry);
  const first = Math.floor(vma.start / bytes) * bytes;
  const last = Math.ceil(vma.end / bytes) * bytes;
  const chunk = RANGES_PER_CHUNK * bytes;
  // Pages that lie alone are a region each, and reporting one takes as long as reading some entries.
  const sparse = (vma.rssBytes + vma.swapBytes) * 8 < vma.end - vma.start;
  if (!tools.scan || !sparse || last - first <= chunk) {
    for (let start = first; start < last; start += chunk) yield [start, Math.min(start + chunk, last)];
    return;
  }
  let start = first;
  let end = first;
  for (const region of tools.scan(tools.pagemap.fd, vma.start, vma.end, PAGE_IS.present | PAGE_IS.swapped)) {
    const regionStart = Math.floor(region.start / bytes) * bytes;
    const regionEnd = Math.ceil(region.end / bytes) * bytes;
    if (regionStart > end) {
      if (end > start) yield [start, end];
      start = regionStart;
    }
    end = Math.max(end, regionEnd);
    for (; end - start > chunk; start += chunk) yield [start, start + chunk];
  }
  if (end > start) yield [start, end];
}
