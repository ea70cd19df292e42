import { type Failure, type Result, succeed } from '../../core/base/failure.ts';
import { sum } from '../../core/base/sum.ts';
import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import type { MemoryItem } from '../../core/rules/memory-source.ts';
import type { UnderLocks } from '../cost-meter.ts';
import { KernelReadError } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import type { MemoryGroupReader } from '../machine/memory-groups.ts';
import { type Instruments, readChunk } from '../pages/chunk-reader.ts';
import { type LargeFolioCounters, type LargeFolioCounts, UNCOUNTED } from '../pages/large-folios.ts';
import {
  type PageChunk,
  plainChunks,
  RANGES_PER_CHUNK,
  RegionCursor,
  scannedChunks,
} from '../pages/page-chunks.ts';
import { PageSearch } from '../pages/page-search.ts';
import { openPagemap } from '../pages/pagemap.ts';
import { pmdMappingOf } from '../pages/pmd-mapped.ts';
import { PageNumbers } from '../pages/shared-pages.ts';
import { readSmaps, type SmapsVma } from '../pages/smaps.ts';
import { whyUnreadable } from './permission.ts';
import { hasMemoryLeft, isStillThere, readProcess } from './process.ts';

/** What one process is read with. */
interface ProcessInstruments extends Instruments {
  /** Undefined without privilege, or where the kernel does not count large folios. */
  readonly largeFolios: LargeFolioCounters | undefined;
}

/** What processes are read with, one after another. A thread that reads has its own. */
export interface ReaderTools extends Omit<ProcessInstruments, 'pagemap'> {
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
    if (!isStillThere(tree, opened.value) || (vmas.length === 0 && !hasMemoryLeft(opened.value))) {
      return yield skipped({ kind: 'unreadable', message: `process ${pid}: ended before it could be read` });
    }
    const ksmBytes = sum(vmas.map((vma) => vma.ksmBytes));
    const unplaced = vmas.filter(({ pmdMapping }) => pmdMapping === 'somewhere');
    const unplacedHugeBytes = sum(unplaced.map(({ pmdMappedBytes }) => pmdMappedBytes));
    const ofGroups = { memoryGroups: groups.of(folder), groupCounters: groups.countersOf(folder) };
    yield {
      kind: 'process',
      process: { ...opened.value.process, unplacedHugeBytes, ksmBytes, ...ofGroups },
    };
    const asked = vmas.filter(
      ({ start, end }) => address === undefined || (start <= address && address < end),
    );
    for (const item of readMemory(tools, asked, address)) {
      if (!item.ok) return yield skipped(item.failure);
      yield item.value;
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

/** Parts that are read before it is known whether the counters moved meanwhile, beside RANGES_PER_CHUNK. */
const PARTS_PER_BATCH = 1024;

/** A VMA that begins, or a chunk of it. */
interface Part {
  readonly vma: SmapsVma;
  readonly chunk: PageChunk | undefined;
  /** Without PAGEMAP_SCAN: what is still looked for in the VMA. */
  readonly search?: PageSearch;
}

/**
 * What may be believed of the counters, try by try, if they move while a batch is read. That PMD entries map
 * all large folios is tried twice, for splits come in bursts.
 */
const TRIES: readonly ((counts: LargeFolioCounts, pmdOrder: number) => LargeFolioCounts)[] = [
  (counts) => counts,
  (counts) => counts,
  (counts, pmdOrder) => ({ ...counts, smallest: Math.min(counts.smallest, pmdOrder) }),
];

/** Where a batch begins: a VMA, and from where on it is read; 0 if nothing of it was read yet. */
interface BatchStart {
  readonly vma: SmapsVma | undefined;
  readonly from: number;
}

/**
 * VMAs and their ranges, some at a time. What the counters of large folios rule out before and after is not
 * looked for in frames; where they moved the same is scanned and read again, at last frame by frame.
 */
function* readMemory(
  tools: ProcessInstruments,
  vmas: readonly SmapsVma[],
  address: number | undefined,
): Iterable<Result<MemoryItem>> {
  const { geometry, numbers } = tools;
  let start: BatchStart = { vma: vmas[0], from: 0 };
  const partsFromStart = () =>
    partsOf(tools, start.vma ? vmas.slice(vmas.indexOf(start.vma)) : [], address, start.from);
  let parts = partsFromStart();
  // Without PAGEMAP_SCAN every frame is looked at.
  const counters = tools.scan && tools.largeFolios;
  for (let tries = 0; ; ) {
    const counts = counters && TRIES[tries] ? TRIES[tries](counters.read(), geometry.pmdOrder) : UNCOUNTED;
    const batch = takeBatch(parts, geometry);
    if (batch.length === 0) return;
    const items = batch.map((part) => readPart(tools, part, counts));
    if (counts !== UNCOUNTED && !counters?.stillHolds(counts)) {
      tries++;
      numbers.forget();
      parts = partsFromStart();
      continue;
    }
    numbers.keep();
    const { vma, chunk } = batch[batch.length - 1];
    // The last PMD range of a VMA may be the first of the next one.
    start = { vma, from: chunk ? Math.min(chunk.end, vma.end) : vma.start };
    // What was scanned beyond the batch was so while counters moved.
    if (tries > 0) parts = partsFromStart();
    tries = 0;
    for (const [i, item] of items.entries()) {
      if (item.ok && item.value.kind === 'ranges') {
        if (item.value.ranges.length === 0) continue;
        batch[i].search?.add(item.value.ranges);
      }
      yield item;
    }
  }
}

function takeBatch(parts: Iterator<Part>, geometry: Geometry): Part[] {
  const batch: Part[] = [];
  let bytes = 0;
  while (bytes < RANGES_PER_CHUNK * rangeBytes(geometry) && batch.length < PARTS_PER_BATCH) {
    const next = parts.next();
    if (next.done) break;
    batch.push(next.value);
    const { chunk } = next.value;
    if (chunk) bytes += chunk.end - chunk.start;
  }
  return batch;
}

function readPart(tools: Instruments, { vma, chunk }: Part, counts: LargeFolioCounts): Result<MemoryItem> {
  if (!chunk) return succeed({ kind: 'vma', vma });
  const ranges = readChunk(tools, vma, chunk, counts);
  return ranges.ok ? succeed({ kind: 'ranges', ranges: ranges.value }) : ranges;
}

/**
 * The VMAs with the parts of them that hold pages; of the first one, those from an address on. With `address`
 * only the range around it.
 */
function* partsOf(
  tools: Instruments,
  vmas: readonly SmapsVma[],
  address: number | undefined,
  from = 0,
): Generator<Part> {
  const { geometry, scan } = tools;
  const [lowest, highest] = address === undefined ? [0, Infinity] : rangeAround(address, geometry);
  let regions: RegionCursor | undefined;
  let scannedTo = 0;
  for (const [i, vma] of vmas.entries()) {
    // With nothing read of it yet, it begins.
    if (from === 0 || i > 0) yield { vma, chunk: undefined };
    if (!vma.anonymous) continue;
    const start = Math.max(vma.start, from, lowest);
    const end = Math.min(vma.end, highest);
    if (!scan) {
      const search = new PageSearch(vma, geometry);
      for (const chunk of plainChunks(geometry, start, end)) {
        if (search.isOver) break;
        yield { vma, chunk, search };
      }
      continue;
    }
    if (!regions || start >= scannedTo) {
      scannedTo = Math.min(endOfNeighbours(vmas, i), highest);
      regions = new RegionCursor({ ...tools, scan }, start, scannedTo);
    }
    for (const chunk of scannedChunks(geometry, regions, end)) yield { vma, chunk };
  }
}

/** Where the anonymous VMAs end that follow one without a gap. */
function endOfNeighbours(vmas: readonly SmapsVma[], first: number): number {
  let last = first;
  while (last + 1 < vmas.length && vmas[last + 1].anonymous && vmas[last + 1].start === vmas[last].end)
    last++;
  return vmas[last].end;
}

function rangeAround(address: number, geometry: Geometry): [start: number, end: number] {
  const bytes = rangeBytes(geometry);
  const start = Math.floor(address / bytes) * bytes;
  return [start, start + bytes];
}

/** Without PAGEMAP_SCAN the whole VMA is looked at first: sums tell where PMD mappings are, or how many. */
function withPmdMapping(tools: Instruments, vma: SmapsVma): SmapsVma {
  if (!vma.anonymous || vma.pmdMappedBytes === 0) return vma;
  // All of it is: ranges that may be the huge zero page stay unknown whatever is answered here.
  if (vma.pmdMappedBytes === vma.rssBytes) return { ...vma, pmdMapping: 'everywhere' };
  const numbers = new PageNumbers();
  return { ...vma, pmdMapping: pmdMappingOf(vma, rangesOf({ ...tools, numbers }, vma)) };
}

/** The ranges of a VMA; those of a process that ends meanwhile end early. */
function* rangesOf(tools: Instruments, vma: SmapsVma): Iterable<RangeState> {
  for (const part of partsOf(tools, [vma], undefined)) {
    if (!part.chunk) continue;
    const ranges = readChunk(tools, vma, part.chunk, UNCOUNTED);
    if (!ranges.ok) return;
    part.search?.add(ranges.value);
    yield* ranges.value;
  }
}
