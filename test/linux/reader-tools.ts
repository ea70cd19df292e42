import { x86_64 } from '../../src/core/memory/geometry.ts';
import { kernelTells } from '../../src/linux/kernel/kernel-tells.ts';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { MemoryGroupReader } from '../../src/linux/machine/memory-groups.ts';
import { createChunkBuffer } from '../../src/linux/pages/chunk-buffer.ts';
import type { LargeFolioCounters, LargeFolioCounts } from '../../src/linux/pages/large-folios.ts';
import { RANGES_PER_CHUNK } from '../../src/linux/pages/page-chunks.ts';
import { PageFlags } from '../../src/linux/pages/page-flags.ts';
import { openPagemap } from '../../src/linux/pages/pagemap.ts';
import { loadPagemapScan } from '../../src/linux/pages/pagemap-scan.ts';
import { PageNumbers } from '../../src/linux/pages/shared-pages.ts';
import type { ReaderTools } from '../../src/linux/processes/process-reader.ts';
import { valueOf } from '../support/ranges.ts';

/** Counters that say this before, and afterwards whether it still holds. */
export function counters(smallest: number, ...holds: boolean[]): LargeFolioCounters {
  const counts: LargeFolioCounts = { smallest, made: undefined, splits: '' };
  const left = [...holds];
  return { read: () => counts, stillHolds: () => left.shift() ?? true } as unknown as LargeFolioCounters;
}

/** What the running kernel is read with, but for its counters and, if given, its page flags. */
export async function readerTools(
  largeFolios: LargeFolioCounters | undefined,
  flags?: PageFlags,
): Promise<ReaderTools> {
  const own = valueOf(openPagemap('/proc/self', x86_64));
  const scan = await loadPagemapScan(own.fd);
  own.close();
  return {
    tree: RUNNING_KERNEL,
    geometry: x86_64,
    scan,
    flags: flags ?? PageFlags.open(RUNNING_KERNEL),
    largeFolios,
    tells: kernelTells('6.18.0'),
    numbers: new PageNumbers(),
    buffer: createChunkBuffer(x86_64, RANGES_PER_CHUNK),
    groups: new MemoryGroupReader(RUNNING_KERNEL),
    underLocks: (call) => call(),
  };
}
