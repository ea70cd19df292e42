import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { CacheBatch } from './batch.ts';

/** A PMD range of a file at one moment. */
interface CacheLook {
  /**
   * A character a page: `.` not in the page cache, `s` swapped out or evicted, else the order of its folio: a
   * digit, or a letter from `a` on where it is dirty.
   */
  readonly pages: string;
  /** PTEs that map something here, and those of them that map anonymous memory, written in private. */
  readonly resident: number;
  readonly anonymous: number;
}

/** What the probe says of one PMD range of a mapping. */
export interface CacheRangeReport {
  readonly before: CacheLook;
  readonly after: CacheLook;
  /** Pages that are mapped after one is touched. */
  readonly touched: number;
  /** What each scan did: `RESULT,= RESULT PRESENT SWAP`, the first one of the attempt if there was one. */
  readonly scans: readonly string[];
}

export interface CacheReport {
  /** One after the other, mapping by mapping. */
  readonly ranges: readonly CacheRangeReport[];
  /** Whether khugepaged's thread was there. */
  readonly thread: boolean;
  /** Growth of pages_collapsed. */
  readonly collapsed: number;
}

/** Ranges of a batch, of all its mappings. */
export function rangesOfCacheBatch({ mappings }: CacheBatch): number {
  return mappings.reduce((sum, { ranges }) => sum + ranges, 0);
}

/** Reads what the probe answered. */
export function parseCacheReport(batch: CacheBatch, lines: readonly string[]): Result<CacheReport> {
  const count = rangesOfCacheBatch(batch);
  const last = /^done thread=(\d) pages_collapsed=(\d+)$/.exec(lines[3 * count] ?? '');
  if (!last) {
    return fail(
      'unreadable',
      'khugepaged did not go round in time; the guest is too slow or its khugepaged stands still',
    );
  }
  const ranges = Array.from({ length: count }, (_, i) => {
    const [touched, ...scans] = lines[2 * count + i].split(' ');
    return {
      before: parseLook(lines[i]),
      after: parseLook(lines[count + i]),
      touched: Number(touched),
      scans: scans.join(' ').split(';').filter(Boolean),
    };
  });
  return succeed({ ranges, thread: last[1] === '1', collapsed: Number(last[2]) });
}

function parseLook(line: string): CacheLook {
  const [pages, resident, anonymous] = line.split(' ');
  return { pages, resident: Number(resident), anonymous: Number(anonymous) };
}
