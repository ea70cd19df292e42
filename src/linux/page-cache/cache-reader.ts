import type { CacheRange } from '../../core/memory/cache-range.ts';
import { pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import { hasPage } from '../../core/memory/occupancy.ts';
import type { MemoryItem } from '../../core/rules/memory-source.ts';
import { type CachedFile, isShmem, kindOfName } from '../../core/rules/page-cache.ts';
import { whyKoffiFailed } from '../kernel/koffi.ts';
import { RANGES_PER_CHUNK } from '../pages/page-chunks.ts';
import type { CacheCalls } from './cache-calls.ts';
import { deviceText, type OpenFile, openMapped } from './file-door.ts';
import type { MappedFile, MappedFiles, RangeSpan } from './mapped-files.ts';
import { type MappingTools, readMappedPages, UNKNOWN_ORDER } from './mapped-pages.ts';
import { isServed, Mounts } from './mounts.ts';
import { type AskedFile, NotTold, type Residency, residencyOf } from './residency.ts';
import { isShmemSmall } from './shmem-folios.ts';

/** What the page cache is read with. */
export interface CacheTools extends MappingTools {
  /** Undefined without koffi, and where the kernel is not the one that runs. */
  readonly calls: CacheCalls | undefined;
  /** Why no further file is begun; undefined while there is no such reason. */
  readonly whyStopped?: () => string | undefined;
}

/**
 * The page cache of the files, and the shared memory, of which the VMAs read map whole PMD ranges: each file
 * once. One whose pages cannot be seen comes without ranges and says why.
 */
export function* readPageCache(tools: CacheTools, files: MappedFiles): Iterable<MemoryItem> {
  const machine = { mounts: new Mounts(tools.tree), isShmemSmall: isShmemSmall(tools.tree) };
  for (const { file, spans } of files.wholeRanges()) {
    const why = tools.whyStopped?.() ?? (yield* readFile(tools, machine, file, spans));
    if (why !== undefined) yield { kind: 'file', file: unreadFile(file, why) };
  }
}

/** A file that was not opened, of the kind that its name tells. */
function unreadFile({ id, name }: MappedFile, unread: string): CachedFile {
  return { id, kind: kindOfName(name) ?? 'file', name, unread };
}

const NEEDS_ROOT = 'its owner, who may write it, and root see it';

/** Why a file is not seen; undefined where it was read, or is none. */
function* readFile(
  tools: CacheTools,
  { mounts, isShmemSmall }: { readonly mounts: Mounts; readonly isShmemSmall: boolean },
  mapped: MappedFile,
  spans: readonly RangeSpan[],
): Generator<MemoryItem, string | undefined> {
  const { calls } = tools;
  if (!tools.tree.isRunning) return 'only the kernel that runs can be asked';
  if (!calls) return `cachestat and mincore need the koffi package${whyKoffiFailed()}`;
  const device = mapped.id.slice(0, mapped.id.lastIndexOf(':'));
  const isInternal = device === deviceText(calls.shmemDevice);
  const mount = mounts.of(device, mapped.vmas[0].pid);
  if (!mount && !isInternal) return 'their filesystems are not mounted where this user looks';
  if (mount && isServed(mount)) return `another machine or program answers for ${mount.type}`;
  const opened = openMapped(tools.tree, mapped);
  if (!opened.ok) return opened.failure.kind === 'permission' ? NEEDS_ROOT : opened.failure.message;
  const open = opened.value;
  if (!open) return undefined;
  try {
    const file = cachedFile(mapped, open, isInternal ? undefined : mount);
    const counts = calls.counts && file.filesystem !== 'overlay';
    if (!open.mayAsk) return NEEDS_ROOT;
    const asked = { fd: open.fd, isShmem: isShmem(file), counts };
    const isSmall = asked.isShmem && isShmemSmall;
    yield* itemsOf(tools, calls, mapped, { file, asked, isSmall }, spans);
    return undefined;
  } catch (error) {
    if (!(error instanceof NotTold)) throw error;
    return NEEDS_ROOT;
  } finally {
    open.close();
  }
}

function cachedFile(
  { id, name }: MappedFile,
  { bytes }: OpenFile,
  mount: { readonly type: string; readonly huge: CachedFile['hugeMount'] } | undefined,
): CachedFile {
  if (!mount) return { id, kind: name.startsWith('/SYSV') ? 'internal' : 'shared-anonymous', name, bytes };
  const { type: filesystem, huge } = mount;
  if (filesystem !== 'tmpfs' && filesystem !== 'devtmpfs')
    return { id, kind: 'file', name, filesystem, bytes };
  return { id, kind: 'tmpfs', name, filesystem, bytes, hugeMount: huge ?? 'never' };
}

/** The file and its ranges that hold anything, some at a time. Throws NotTold. */
function* itemsOf(
  tools: CacheTools,
  calls: CacheCalls,
  mapped: MappedFile,
  {
    file,
    asked,
    isSmall,
  }: { readonly file: CachedFile; readonly asked: AskedFile; readonly isSmall: boolean },
  spans: readonly RangeSpan[],
): Iterable<MemoryItem> {
  const pages = pagesPerRange(tools.geometry);
  let isOpen = false;
  for (const span of chunksOf(spans)) {
    const found = residencyOf(calls, asked, span, tools.geometry);
    // That nothing is told shows with the first question.
    if (!isOpen) yield { kind: 'file', file };
    isOpen = true;
    if (found.length === 0) continue;
    const mappedPages = readMappedPages(tools, mapped, span, isSmall);
    yield {
      kind: 'cache-ranges',
      ranges: found.map((each): CacheRange => {
        const index = each.number - span.first;
        return {
          geometry: tools.geometry,
          offset: each.number * rangeBytes(tools.geometry),
          present: each.present,
          swapPages: each.swapPages,
          folioOrders: ordersOf(each, mappedPages.orders, index * pages, pages),
          dirtyPages: each.dirtyPages,
          mappedPages: mappedPages.isWhole ? mappedPages.counts[index] : undefined,
        };
      }),
    };
  }
}

function* chunksOf(spans: readonly RangeSpan[]): Iterable<RangeSpan> {
  for (const { first, past } of spans)
    for (let from = first; from < past; from += RANGES_PER_CHUNK)
      yield { first: from, past: Math.min(from + RANGES_PER_CHUNK, past) };
}

/** The orders of a range whose first page is the one at `first`; undefined unless all its pages have one. */
function ordersOf(
  { present }: Residency,
  orders: Uint8Array | undefined,
  first: number,
  pages: number,
): Uint8Array | undefined {
  if (!orders) return undefined;
  const own = new Uint8Array(pages);
  for (let page = 0; page < own.length; page++) {
    if (!hasPage(present, page)) continue;
    if (orders[first + page] === UNKNOWN_ORDER) return undefined;
    own[page] = orders[first + page];
  }
  return own;
}
