import type { SweptCache } from '../../../analysis/sweep/swept-cache.ts';
import { grouped } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { cacheHead, unreadLines } from '../../words/advise/advised-cache.ts';
import { cacheAssumptions } from '../../words/cache-words.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';

/** Steps that a terminal shows; --json has them all. */
const SHOWN = 6;

const COLUMNS: readonly Column[] = [
  { title: 'enabled', align: 'left' },
  { title: 'max_ptes_none', align: 'right' },
  { title: 'collapses', align: 'right' },
  { title: 'huge then', align: 'right' },
  { title: 'grows by', align: 'right' },
  { title: 'RSS falls by', align: 'right' },
];

/** What the policies of a sweep do to the page cache, once: sizes do not move it. */
export function sweptCacheLines(swept: SweptCache, style: Style): string[] {
  const { query } = swept;
  const { geometry } = query.digest;
  const steps = swept.steps();
  const [{ worth }] = steps;
  if (worth.ranges === 0) return unreadLines(query);
  const size = (pages: number) => formatSize(pages, geometry);
  const shown =
    steps.length <= SHOWN
      ? steps
      : Array.from({ length: SHOWN }, (_, i) => steps[Math.round((i * (steps.length - 1)) / (SHOWN - 1))]);
  const [head, ...lines] = layOutTable(
    COLUMNS,
    shown.map(
      ({ enabled, maxPtesNone, upTo, worth: { collapses, hugePages, growthPages, unmappedPages } }) => [
        enabled,
        upTo === maxPtesNone ? String(maxPtesNone) : `${maxPtesNone} to ${upTo}`,
        grouped(collapses),
        size(hugePages),
        size(growthPages),
        unmappedPages === undefined ? '?' : size(unmappedPages),
      ],
    ),
  );
  const rest = steps.length - shown.length;
  return [
    `${style.bold(cacheHead(worth, geometry))}; sizes do not move it, with shmem_enabled ${query.shmem.enabled} as it is:`,
    style.dim(head),
    ...lines,
    ...(rest > 0 ? [style.dim(`and ${rest} steps between these: --csv and --json have them all`)] : []),
    ...cacheAssumptions(swept.mostByKind(), query.assumesShmem).map((line) => style.dim(`assumed: ${line}`)),
    ...unreadLines(query),
    '',
  ];
}
