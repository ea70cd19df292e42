import { parseBytes } from '../../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { shareOf } from './share.ts';

/** How many pages memory may grow by, given how many are resident and the bytes of a page. */
export type GrowthLimit = (residentPages: number, bytesPerPage: number) => number;

/** Reads --max-growth: a share of the memory read (2%), a size (512M), 0, or `none` for no limit. */
export function parseGrowthLimit(text: string): Result<GrowthLimit> {
  const share = shareOf(text);
  const bytes = text === '0' ? 0 : parseBytes(text);
  if (share === undefined && bytes === undefined && text !== 'none')
    return fail(
      'usage',
      `--max-growth ${text}: write a share of the memory such as 2%, a size such as 512M, or none for no limit`,
    );
  return succeed((residentPages, bytesPerPage) =>
    Math.floor(
      share === undefined ? (bytes ?? Number.POSITIVE_INFINITY) / bytesPerPage : residentPages * share,
    ),
  );
}
