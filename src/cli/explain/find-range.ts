import { CacheRangeSearch, type FoundCacheRange } from '../../analysis/cache/cache-search.ts';
import { fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import type { MemoryItem, Process } from '../../core/rules/memory-source.ts';
import { coversRange, type Vma } from '../../core/rules/vma.ts';
import type { AskedAddress } from '../shared/flags/asked-address.ts';
import { readMemory } from '../shared/memory/read-memory.ts';
import type { OpenedMemory } from '../shared/memory/source.ts';

/** A range of anonymous memory. */
export interface FoundRange {
  readonly process: Process;
  readonly vma: Vma;
  readonly range: RangeState;
}

/** A range of the page cache, with what could not be seen of the memory read. */
interface FoundCached {
  readonly cached: FoundCacheRange;
  readonly notes: readonly string[];
}

interface Search {
  readonly found: FoundRange | undefined;
  readonly cached: FoundCacheRange | undefined;
  /** The last VMA that holds the address, without a page there. */
  readonly around: Vma | undefined;
}

/**
 * The range around an address; of a VMA the first whole range with pages, or else the first at its edges.
 */
export async function findRange(
  opened: OpenedMemory,
  asked: AskedAddress,
): Promise<Result<FoundRange | FoundCached>> {
  const { geometry } = opened.source.host;
  const read = await readMemory(opened, async (items) => succeed(await searchItems(items, asked, geometry)));
  if (!read.ok) return read;
  const { skipped, value, notes } = read.value;
  const { found, cached, around } = value;
  if (found) return succeed(found);
  if (cached) return succeed({ cached, notes });
  if (skipped.length > 0) return failWith(skipped[0].failure);
  const hexadecimal = `0x${asked.start.toString(16)}`;
  if (!around) return fail('usage', `--address ${hexadecimal}: no VMA holds it; predict -v lists them`);
  if (!around.anonymous)
    return fail(
      'usage',
      `--address ${hexadecimal}: ${around.name || 'it'} is not anonymous memory, and what it maps of which file is not known`,
    );
  if (asked.end !== undefined)
    return fail(
      'usage',
      `--address ${hexadecimal}-${asked.end.toString(16)}: no page is resident or in swap there`,
    );
  return fail(
    'usage',
    `--address ${hexadecimal}: no page there; --address START-END finds the first range of a VMA with pages`,
  );
}

async function searchItems(
  items: AsyncIterable<MemoryItem>,
  { start, end }: AskedAddress,
  geometry: Geometry,
): Promise<Search> {
  const holds = (vma: Vma) => vma.start <= start && start < vma.end;
  const isAsked = ({ address }: RangeState) =>
    end === undefined ? address <= start && start < address + rangeBytes(geometry) : address < end;
  const cached = new CacheRangeSearch(start, end, geometry);
  let process: Process | undefined;
  let vma: Vma | undefined;
  let around: Vma | undefined;
  let atEdge: FoundRange | undefined;
  for await (const item of items) {
    cached.add(item);
    if (atEdge && (item.kind === 'process' || item.kind === 'vma')) break;
    if (item.kind === 'process') process = item.process;
    if (item.kind === 'vma') {
      vma = item.vma;
      if (holds(vma)) around = vma;
    }
    if (item.kind !== 'ranges' || !process || !vma || !holds(vma)) continue;
    for (const range of item.ranges.filter(isAsked)) {
      const found = { process, vma, range };
      if (end === undefined || coversRange(vma, range.address, geometry))
        return { found, cached: undefined, around };
      atEdge ??= found;
    }
  }
  return { found: atEdge, cached: atEdge ? undefined : cached.found(), around };
}
