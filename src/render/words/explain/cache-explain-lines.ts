import type {
  CacheExplanation,
  JudgedMapper,
  MapperRefusal,
} from '../../../analysis/cache/cache-explanation.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { plural } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { pageBytes, pagesPerRange, rangeBytes } from '../../../core/memory/geometry.ts';
import { countPages } from '../../../core/memory/occupancy.ts';
import { plainRange, type RangeState } from '../../../core/memory/range-state.ts';
import { CACHE_INELIGIBLE_REASONS } from '../../../core/rules/cache-orders.ts';
import { resultName } from '../../../core/rules/kernel-model.ts';
import { traceString } from '../../../core/rules/scan-result.ts';
import { cacheAdvice } from '../advise/cache-advice.ts';
import { checksOf } from '../cache-checks.ts';
import {
  ASSUMES_REGISTRATION,
  ASSUMES_SHMEM,
  CACHE_ASSUMPTIONS,
  CACHE_KIND_NAMES,
  cacheRefusalWords,
} from '../cache-words.ts';
import { printable } from '../printable.ts';
import { detail, type ExplainLine, labelled, line } from './explain-lines.ts';

/** Which range of which file. */
export function cacheHeadingLines({ file, offset, asked, geometry, model }: CacheExplanation): ExplainLine[] {
  const name = printable(file?.name ?? asked.vma.name);
  const pages = `${pagesPerRange(geometry)} pages of ${formatBytes(pageBytes(geometry))}`;
  const facts = file
    ? [
        CACHE_KIND_NAMES[file.kind],
        ...(file.filesystem === undefined ? [] : [printable(file.filesystem)]),
        ...(file.bytes === undefined ? [] : [`${formatBytes(file.bytes)} in size`]),
      ]
    : [];
  return [
    {
      ...line('heading', ` of ${name} at ${spanOf(offset, rangeBytes(geometry))}, ${pages}; ${model.name}`),
      label: 'page cache',
    },
    line('heading', [...facts, `device and inode ${asked.vma.mapping.file}`].join(', ')),
  ];
}

/** Mappings beside the one asked about that are named. */
const MOST_MAPPERS = 8;

/** Who maps the range, and what of it khugepaged checks: all checks, whichever fails first. */
export function cacheMapperLines(explained: CacheExplanation): ExplainLine[] {
  const { asked, others } = explained;
  const shown = others.slice(0, MOST_MAPPERS);
  const more = others.length - shown.length;
  return [
    { ...labelled('scan', mapperWords(asked)), label: 'mapped' },
    ...checksOf(explained).map(({ passes, text }) => ({
      ...detail(6, `${passes === undefined ? '?  ' : passes ? 'yes' : 'no '}  ${text}`),
      tone: passes === false ? ('bad' as const) : ('plain' as const),
    })),
    ...shown.map((each) => detail(8, `also ${mapperWords(each)}: ${refusalWords(each.refusal)}`)),
    ...(more > 0 ? [detail(8, `and by ${plural(more, 'other mapping')}`)] : []),
  ];
}

function mapperWords({ process, vma, address }: JudgedMapper): string {
  const at = address < vma.start ? `from 0x${vma.start.toString(16)} on` : `at 0x${address.toString(16)}`;
  return `by ${process.pid} (${printable(process.command)}) ${at}, in ${vma.start.toString(16)}-${vma.end.toString(16)}`;
}

function refusalWords(refusal: MapperRefusal | undefined): string {
  if (refusal === undefined) return 'may be huge';
  return refusal === 'vma-edge' ? 'a part of the range only' : CACHE_INELIGIBLE_REASONS[refusal];
}

/** The range as pictures draw ranges of page tables: pages of the page cache in place of PTEs. */
export function picturedRange({ range, asked, geometry }: CacheExplanation): RangeState | undefined {
  return range && { ...plainRange(geometry, range.present, range.folioOrders), address: asked.address };
}

/** What the page cache holds of the range, against the limits of the scan. */
export function cacheScanLines(explained: CacheExplanation): ExplainLine[] {
  const { file, plan, refusal, model } = explained;
  const scan = plan
    ? plan.result === 'SCAN_SUCCEED'
      ? { ...labelled('scan', `finds nothing against it${throughWords(explained)}`), tone: 'good' as const }
      : {
          ...labelled(
            'scan',
            `${resultName(plan.result, model)} (${traceString(plan.result)}): ${cacheRefusalWords(plan.result)}`,
          ),
          tone: 'bad' as const,
        }
    : labelled(
        'scan',
        refusal === undefined ? `not known: ${file?.unread ?? UNREAD}` : 'none: khugepaged does not look',
      );
  return [scan, ...countWords(explained).map((text) => detail(6, text))];
}

/** Whose mapping lets it be collapsed, where that asked about does not. */
function throughWords({ asked, others }: CacheExplanation): string {
  const through =
    asked.refusal === undefined ? undefined : others.find(({ refusal }) => refusal === undefined);
  return through
    ? `, through the mapping of ${through.process.pid} (${printable(through.process.command)})`
    : '';
}

const UNREAD = 'what the page cache holds of the file could not be read';

function countWords({ range, file, geometry, limits, offset }: CacheExplanation): string[] {
  if (!range) return [];
  const { swapPages, dirtyPages, folioOrders, mappedPages } = range;
  const pages = pagesPerRange(geometry);
  const present = countPages(range.present);
  const known = (count: number | undefined, what: string) =>
    count === undefined ? `not known: how many are ${what}` : `${count} ${what}`;
  const huge = folioOrders?.[0] === geometry.pmdOrder;
  const left = file?.bytes === undefined ? Infinity : Math.max(0, file.bytes - offset);
  return [
    `${present} of ${plural(pages, 'page')} in memory, ${pages - present} not (max_ptes_none ${limits.maxPtesNone})`,
    known(swapPages, `swapped out or reclaimed (max_ptes_swap ${limits.maxPtesSwap})`),
    ...(file?.kind === 'file' ? [known(dirtyPages, 'dirty or being written back')] : []),
    ...(folioOrders ? [huge ? 'one folio of the PMD size already' : 'no folio of the PMD size'] : []),
    ...(left < rangeBytes(geometry)
      ? [`the file ends ${formatBytes(left)} behind the start of the range`]
      : []),
    ...(mappedPages === undefined
      ? []
      : [`RSS of all that map it counts ${formatSize(mappedPages, geometry)} of it`]),
  ];
}

/** What comes of it, what happens to those who map it, what was assumed, and what would change it. */
export function cacheResultLines(explained: CacheExplanation): ExplainLine[] {
  const { plan, refusal, asked, model, unknown, assumesShmem } = explained;
  const result = plan
    ? `${resultName(plan.result, model)} (${traceString(plan.result)})`
    : refusal === undefined
      ? 'not known'
      : `khugepaged does not look at this range: ${ownRefusal(refusal, asked)}`;
  const assumed = [
    ...(plan?.result === 'SCAN_SUCCEED' ? [ASSUMES_REGISTRATION] : []),
    ...(assumesShmem ? [ASSUMES_SHMEM] : []),
    ...unknown.map((fact) => CACHE_ASSUMPTIONS[fact]),
  ];
  return [
    labelled('result', result),
    ...(plan ? outcomeLines(explained).map((text) => detail(8, text)) : []),
    ...cacheAdvice(explained).map((text) => detail(8, text)),
    ...(assumed.length > 0
      ? [
          detail(0, ''),
          detail(0, 'assumed, because it cannot be seen:'),
          ...assumed.map((text) => detail(2, text)),
        ]
      : []),
  ];
}

function ownRefusal(refusal: MapperRefusal, { address, vma, isAligned }: JudgedMapper): string {
  if (refusal !== 'vma-edge' || !isAligned) return refusalWords(refusal);
  return address < vma.start ? 'the mapping begins within it' : 'the mapping ends within it';
}

function outcomeLines({ plan, range, geometry, asked }: CacheExplanation): string[] {
  if (!plan || !range) return [];
  const { result, growthPages, unmappedPages } = plan;
  const size = formatBytes(rangeBytes(geometry));
  const became =
    result === 'SCAN_SUCCEED'
      ? [
          `one folio of ${size} takes the place of ${plural(countPages(range.present), 'page')} of the page cache`,
        ]
      : [];
  const grows = growthPages > 0 ? `the page cache grows by ${formatSize(growthPages, geometry)}` : undefined;
  const stays = result === 'SCAN_SUCCEED' ? 'the page cache does not grow' : undefined;
  const falls =
    unmappedPages === undefined
      ? `RSS of all that map it falls, by how much is not known: ${UNMAPPED}`
      : unmappedPages > 0
        ? `RSS of all that map it falls by ${formatSize(unmappedPages, geometry)}: ${UNMAPPED}`
        : undefined;
  const isPrivate = asked.vma.flags.includes('mw') && !asked.vma.flags.includes('sh');
  return [
    ...became,
    ...[grows ?? stays, falls].filter((text) => text !== undefined),
    ...(isPrivate && result === 'SCAN_SUCCEED' ? [PRIVATE] : []),
  ];
}

const UNMAPPED = 'their page tables go, the memory stays, and it counts again as they touch it';
const PRIVATE = 'pages that this private mapping has written are anonymous copies: they stay as they are';

function spanOf(offset: number, bytes: number): string {
  return `offset 0x${offset.toString(16)} to 0x${(offset + bytes).toString(16)}`;
}
