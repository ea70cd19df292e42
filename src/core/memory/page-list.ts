import { clip } from '../base/clip.ts';
import { fail, type Result, succeed } from '../base/failure.ts';
import { runList } from '../base/run-list.ts';
import { type Geometry, pagesPerRange } from './geometry.ts';
import { emptyOccupancy, hasPage, type Occupancy, setPages } from './occupancy.ts';

/**
 * Reads pages of one PMD range from text: the kernel's bitmap list notation (`0-15,100`, `0-511:1/4`, `all`,
 * `N` for the last page) or a hexadecimal number whose bit i is page i (`0xffff`). `none` and an empty text
 * are no page.
 * The notation is that of Documentation/core-api/kernel-api (bitmap_parselist).
 */
export function parsePages(text: string, geometry: Geometry): Result<Occupancy> {
  const trimmed = text.trim();
  return /^0x/i.test(trimmed) ? parseHex(trimmed, geometry) : parseList(trimmed, geometry);
}

function parseHex(text: string, geometry: Geometry): Result<Occupancy> {
  if (!/^0x[0-9a-f]+$/i.test(text)) return fail('usage', `pages '${clip(text)}': not a hexadecimal number`);
  const bits = BigInt(text);
  const pages = pagesPerRange(geometry);
  if (bits >> BigInt(pages) !== 0n) {
    return fail(
      'usage',
      `pages '${clip(text)}': a bit beyond page ${pages - 1}, the last page of a PMD range`,
    );
  }
  return succeed(emptyOccupancy(geometry).map((_, i) => Number((bits >> BigInt(32 * i)) & 0xffffffffn)));
}

function parseList(text: string, geometry: Geometry): Result<Occupancy> {
  const occupancy = emptyOccupancy(geometry);
  const last = pagesPerRange(geometry) - 1;
  if (text === '' || text === 'none') return succeed(occupancy);
  for (const part of text.split(',')) {
    const match = /^(?:(all)|(\d+|N)(?:-(\d+|N))?)(?::(\d+)\/(\d+))?$/.exec(part.trim());
    if (!match) {
      return fail('usage', `pages '${clip(text)}': '${clip(part)}' is not a page or a range such as 0-15`);
    }
    const page = (value: string) => (value === 'N' ? last : Number(value));
    const first = match[1] ? 0 : page(match[2]);
    const end = match[1] ? last : page(match[3] ?? match[2]);
    if (end > last) {
      return fail(
        'usage',
        `pages '${clip(text)}': ${part} is out of range; a PMD range has pages 0 to ${last}`,
      );
    }
    if (first > end)
      return fail('usage', `pages '${clip(text)}': ${part} runs backwards; write ${end}-${first}`);
    const group = match[5] ? Number(match[5]) : end - first + 1;
    const used = match[4] ? Number(match[4]) : group;
    if (group === 0 || used > group) {
      return fail(
        'usage',
        `pages '${clip(text)}': in ${part} the pages used must be at most the group's size`,
      );
    }
    for (let start = first; start <= end; start += group) {
      setPages(occupancy, start, Math.min(used, end - start + 1));
    }
  }
  return succeed(occupancy);
}

/** The pages of a bitmap in the kernel's list notation: "0-15,100"; "" when none is set. */
export function formatPages(occupancy: Occupancy): string {
  const pages: number[] = [];
  for (let page = 0; page < occupancy.length * 32; page++) if (hasPage(occupancy, page)) pages.push(page);
  return runList(pages);
}
