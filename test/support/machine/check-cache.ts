import { countPages, hasPage } from '../../../src/core/memory/occupancy.ts';
import { type FileArea, filePageAt, mapsFile } from '../../../src/machine/cache/file-tables.ts';
import { cachedFrame } from '../../../src/machine/cache/page-cache.ts';
import { FRAME_FILE, NO_FRAME } from '../../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import type { Mm } from '../../../src/machine/page-tables/mm.ts';

/**
 * Whether every frame of the page cache is at one place of one file, folios lie aligned, and page tables map
 * what is there: pages of the cache, once, as many as RSS says. `folios` are the heads that were found.
 */
export function checkCache(machine: Machine, folios: readonly number[]): string[] {
  const problems: string[] = [];
  const f = machine.frames;
  const places = new Map<number, string>();
  let huge = 0;
  for (const pages of machine.cache.files) {
    for (const [number, { frames }] of pages.ranges) {
      for (let i = 0; i < frames.length; i++) {
        const frame = frames[i];
        if (frame === NO_FRAME) continue;
        const place = `page ${number * machine.rangePages + i} of ${pages.file.id}`;
        if (f.kind(frame) !== FRAME_FILE)
          problems.push(`frame ${frame} at ${place} is not of the page cache`);
        if (places.has(frame)) problems.push(`frame ${frame} is at ${places.get(frame)} and ${place}`);
        places.set(frame, place);
        if (frame - f.headOf(frame) !== (i & ((1 << f.order[frame]) - 1)))
          problems.push(`frame ${frame} at ${place} is not where its folio wants it`);
        if (f.order[frame] === machine.geometry.pmdOrder) huge++;
      }
    }
  }
  const found = folios.reduce((sum, head) => sum + (1 << f.order[head]), 0);
  if (found !== places.size) problems.push(`${found} frames of the page cache, ${places.size} at places`);
  if (machine.cache.pages !== places.size)
    problems.push(`page cache: counted ${machine.cache.pages}, found ${places.size}`);
  if (machine.cache.hugePages !== huge)
    problems.push(`huge page cache: counted ${machine.cache.hugePages}, found ${huge}`);
  for (const mm of machine.mms.values()) problems.push(...checkTables(machine, mm));
  return problems;
}

function checkTables(machine: Machine, mm: Mm): string[] {
  const { frames: f, geometry, pageBytes, rangePages } = machine;
  const problems: string[] = [];
  let mapped = 0;
  for (const [number, { mapped: bits, leaf }] of mm.fileTables) {
    mapped += countPages(bits);
    if (countPages(bits) === 0) problems.push(`process ${mm.id} has an empty table at range ${number}`);
    for (let i = 0; i < rangePages; i++) {
      if (!hasPage(bits, i)) continue;
      const address = (number * rangePages + i) * pageBytes;
      const area = mm.areas.at(address);
      const frame = area && mapsFile(area) ? frameAtAddress(machine, area, address) : NO_FRAME;
      if (frame === NO_FRAME) problems.push(`process ${mm.id} maps nothing at ${address}`);
      else if (leaf && f.order[frame] !== geometry.pmdOrder)
        problems.push(`process ${mm.id} has a PMD entry over small folios at range ${number}`);
    }
    if (leaf && countPages(bits) !== rangePages)
      problems.push(`process ${mm.id} has a PMD entry over a part of range ${number}`);
  }
  if (mapped !== mm.fileRssPages)
    problems.push(`process ${mm.id}: RSS of files ${mm.fileRssPages}, found ${mapped}`);
  return problems;
}

function frameAtAddress(machine: Machine, area: FileArea, address: number): number {
  return cachedFrame(machine, area.mapped.pages, filePageAt(machine, area, address));
}
