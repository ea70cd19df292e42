import { type Failure, fail, type Result, succeed } from '../core/base/failure.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import type { Host, MemoryItem, MemorySource } from '../core/rules/memory-source.ts';
import { createChunkBuffer } from './chunk-buffer.ts';
import { RANGES_PER_CHUNK } from './chunk-reader.ts';
import { readHost } from './host.ts';
import type { KernelTree } from './kernel-tree.ts';
import { MemoryGroupReader } from './memory-groups.ts';
import { PageFlags } from './page-flags.ts';
import { canSeeFrameNumbers, openPagemap, type Pagemap } from './pagemap.ts';
import { loadPagemapScan, type PagemapScan } from './pagemap-scan.ts';
import { whyNoPageFlags } from './permission.ts';
import { readOne } from './process-reader.ts';
import { loadSameMemory, type SameMemory, SharedMemory } from './shared-mm.ts';
import { PageNumbers } from './shared-pages.ts';
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
    const shared = new SharedMemory(tree, sameMemory);
    const tools = {
      tree,
      geometry: host.geometry,
      scan,
      flags,
      numbers: new PageNumbers(),
      buffer: createChunkBuffer(host.geometry, RANGES_PER_CHUNK),
      groups: new MemoryGroupReader(tree),
    };
    for (const pid of pids) {
      const spent = budget?.();
      if (spent) {
        yield { kind: 'skipped', pid, failure: { ...spent, message: `process ${pid}: ${spent.message}` } };
        continue;
      }
      const owner = pids.length > 1 ? shared.ownerOf(pid) : undefined;
      if (owner) yield { kind: 'note', message: countedOnce(pid, owner) };
      else yield* readOne(pid, tools, address);
    }
  } finally {
    flags?.close();
  }
}

function countedOnce(pid: number, owner: NonNullable<ReturnType<SharedMemory['ownerOf']>>): string {
  const how = owner.by === 'kcmp' ? '' : ', as far as equal addresses and sums of smaps tell';
  return `process ${pid} shares one address space with process ${owner.pid}${how}: counted once, as that one`;
}
