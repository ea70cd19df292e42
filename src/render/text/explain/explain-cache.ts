import type { CacheExplanation } from '../../../analysis/cache/cache-explanation.ts';
import {
  cacheHeadingLines,
  cacheMapperLines,
  cacheResultLines,
  cacheScanLines,
  picturedRange,
} from '../../words/explain/cache-explain-lines.ts';
import type { Style } from '../layout/style.ts';
import { drawRange, pmdWindow, styledLines } from './explain.ts';
import { legend } from './window-picture.ts';

/** A range of the page cache explained: who maps it, what governs it, what is in memory, what comes of it. */
export function cacheRangeText(explained: CacheExplanation, style: Style): string {
  const pictured = picturedRange(explained);
  const picture = pictured
    ? [
        `      ${drawRange(pictured)}`,
        ...legend(pictured, [{ range: pictured, window: pmdWindow(pictured) }]).map((line) =>
          style.dim(`      ${line}`),
        ),
      ]
    : [];
  return [
    ...styledLines(cacheHeadingLines(explained), style),
    '',
    ...styledLines(cacheMapperLines(explained), style),
    '',
    ...styledLines(cacheScanLines(explained), style),
    ...picture,
    '',
    ...styledLines(cacheResultLines(explained), style),
    '',
  ].join('\n');
}
