import type { Failure } from '../core/base/failure.ts';
import { sum } from '../core/base/sum.ts';
import { type Geometry, rangeBytes } from '../core/memory/geometry.ts';
import type { RangeState } from '../core/memory/range-state.ts';
import type { MemoryItem } from '../core/rules/memory-source.ts';
import { type Instruments, RANGES_PER_CHUNK, readChunk } from './chunk-reader.ts';
import type { UnderLocks } from './cost-meter.ts';
import { KernelReadError } from './kernel-file.ts';
import type { KernelTree } from './kernel-tree.ts';
import type { MemoryGroupReader } from './memory-groups.ts';
import { openPagemap } from './pagemap.ts';
import { PAGE_IS } from './pagemap-scan.ts';
import { whyUnreadable } from './permission.ts';
import { pmdMappingOf } from './pmd-mapped.ts';
import { isStillThere, readProcess } from './process.ts';
import { PageNumbers } from './shared-pages.ts';
import { readSmaps, type SmapsVma } from './smaps.ts';

/** What processes are read with, one after another. A thread that reads has its own. */
export interface ReaderTools extends Omit<Instruments, 'pagemap'> {
  readonly tree: KernelTree;
  readonly groups: MemoryGroupReader;
  readonly underLocks: UnderLocks;
}

/**
 * The memory of one process, or the PMD range of it around `address`, in chunks of bounded size. What cannot
 * be read of it comes out as a `skipped` item.
 */
export function* readOne(
  pid: number,
  reader: ReaderTools,
  address: number | undefined,
): Iterable<MemoryItem> {
  const { tree, groups } = reader;
  const skipped = (failure: Failure): MemoryItem => ({ kind: 'skipped', pid, failure });
  const opened = readProcess(tree, pid);
  if (!opened.ok) return yield skipped(opened.failure);
  const { folder } = opened.value;
  const pagemap = openPagemap(folder, reader.geometry, reader.underLocks);
  if (!pagemap.ok) return yield skipped(whyUnreadable(tree, pagemap.failure, pid, folder));
  const tools = { ...reader, pagemap: pagemap.value };
  try {
    const smaps = readSmaps(folder, reader.underLocks);
    if (!smaps.ok) return yield skipped(whyUnreadable(tree, smaps.failure, pid, folder));
    const vmas = tools.scan ? smaps.value : smaps.value.map((vma) => withPmdMapping(tools, vma));
    if (!isStillThere(tree, opened.value)) {
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
