import type { CacheExplanation } from '../../analysis/cache/cache-explanation.ts';
import {
  cacheHeadingLines,
  cacheMapperLines,
  cacheResultLines,
  cacheScanLines,
  picturedRange,
} from '../words/explain/cache-explain-lines.ts';
import { plainLine } from '../words/explain/explain-lines.ts';
import { linesSvg } from './explain.ts';

/** A range of the page cache explained as a picture that stands for itself. */
export function cacheRangeSvg(explained: CacheExplanation): string {
  const parts = [cacheHeadingLines, cacheMapperLines, cacheScanLines].map((linesOf) => linesOf(explained));
  const results = cacheResultLines(explained);
  return linesSvg(parts, picturedRange(explained), results, results.map(plainLine));
}
