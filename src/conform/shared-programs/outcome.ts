import { sum } from '../../core/base/sum.ts';
import { pageBytes } from '../../core/memory/geometry.ts';
import { SCAN_RESULTS, traceString } from '../../core/rules/scan-result.ts';
import { PROBE_GEOMETRY } from '../probe/probe-batch.ts';
import { type FileScan, firstScans, mostRanges } from './file-scans.ts';
import type { GuestMappedFile } from './mapped-files.ts';
import type { FileOutcome, PredictedFile, SharedPrediction } from './prediction.ts';

/** A file of a program: what was predicted of it and what became of it. */
export interface SharedFile {
  readonly id: string;
  readonly name: string;
  /** Undefined for a file that the prediction does not list: nothing happens to it. */
  readonly predicted: PredictedFile | undefined;
  readonly real: FileOutcome;
  /** How the first scans ended, ranges in each; undefined where khugepaged did not scan it. */
  readonly scanned: Readonly<Record<string, number>> | undefined;
  readonly outcome: 'agrees' | 'assumed' | 'unexplained';
  /** The assumption that explains the difference. */
  readonly because?: 'registration' | 'folioOrders';
  /** Where both differ. */
  readonly differences: readonly string[];
}

/** Compares file by file. */
export function compareSharedFiles(
  before: readonly GuestMappedFile[],
  after: readonly GuestMappedFile[],
  scans: readonly FileScan[],
  { files }: SharedPrediction,
): SharedFile[] {
  return before.map((file) => {
    const later = after.find(({ id }) => id === file.id);
    const real = realOutcome(file, later);
    const predicted = files.get(file.id);
    const scanned = firstScans(file, scans);
    const differences = [
      ...outcomeDifferences(predicted, real),
      ...(scanned ? scanDifferences(predicted, scanned, emptyRanges(file)) : []),
    ];
    const because = explanationOf(predicted, real, scanned);
    const different = because === undefined ? ('unexplained' as const) : ('assumed' as const);
    return {
      id: file.id,
      name: file.name,
      predicted,
      real,
      scanned,
      differences,
      ...(differences.length === 0 ? { outcome: 'agrees' as const } : { outcome: different, because }),
    };
  });
}

function realOutcome(before: GuestMappedFile, after: GuestMappedFile | undefined): FileOutcome {
  const ranges = before.ranges.map((line, i) => ({ line, later: after?.ranges[i] ?? '' }));
  return {
    cachedPages: sum(before.ranges.map(pagesIn)),
    collapses: ranges.filter(({ line, later }) => isHuge(later) && !isHuge(line)).length,
    growthPages: sum(ranges.map(({ line, later }) => pagesIn(later) - pagesIn(line))),
    unmappedPages: unmappedPages(before, after),
  };
}

const ORDER = String(PROBE_GEOMETRY.pmdOrder);

function isHuge(line: string): boolean {
  return line[0] === ORDER && [...line].every((page) => page === ORDER);
}

function pagesIn(line: string): number {
  return [...line].filter((page) => page !== '.').length;
}

/**
 * By how much RSS fell. What is mapped by PMDs since was touched again meanwhile, by processes that went on:
 * a collapse maps nothing.
 */
function unmappedPages(before: GuestMappedFile, after: GuestMappedFile | undefined): number {
  const rss = (file: GuestMappedFile | undefined) => sum((file?.vmas ?? []).map(({ rssBytes }) => rssBytes));
  const byPmd = (file: GuestMappedFile | undefined) =>
    sum((file?.vmas ?? []).map(({ pmdMappedBytes }) => pmdMappedBytes));
  const touchedAgain = byPmd(after) - byPmd(before);
  return (rss(before) - rss(after) + touchedAgain) / pageBytes(PROBE_GEOMETRY);
}

/**
 * The assumption of a prediction that explains a difference: khugepaged has no process that maps the file on
 * its list; ranges that no process has mapped at the moment, so that nothing tells of their folios, are huge.
 */
function explanationOf(
  predicted: PredictedFile | undefined,
  real: FileOutcome,
  scanned: SharedFile['scanned'],
): SharedFile['because'] {
  if (!predicted) return undefined;
  const isAssumed = (fact: string) => predicted.assumed.includes(fact);
  if (!scanned) return isAssumed('registration') && real.collapses === 0 ? 'registration' : undefined;
  const huge = (scanned[traceString(HUGE_ALREADY)] ?? 0) - (predicted.refused[HUGE_ALREADY] ?? 0);
  const isHuge = huge > 0 && predicted.collapses - real.collapses === huge;
  const isSame = predicted.growthPages === real.growthPages && predicted.unmappedPages === real.unmappedPages;
  return isAssumed('folioOrders') && isHuge && isSame ? 'folioOrders' : undefined;
}

const HUGE_ALREADY = 'SCAN_PTE_MAPPED_HUGEPAGE';

/** Where a file is not as was predicted. What lies behind its last whole range is in no prediction. */
function outcomeDifferences(predicted: PredictedFile | undefined, real: FileOutcome): string[] {
  return (['collapses', 'growthPages', 'unmappedPages'] as const)
    .filter((key) => (predicted?.[key] ?? 0) !== real[key])
    .map((key) => `${key}: predicted ${predicted?.[key] ?? 0}, real ${real[key]}`);
}

/**
 * Where the reasons of refusals are not those that the kernel gave. Ranges with no page are in no prediction,
 * and the kernel scans them: that too many of their pages are missing.
 */
function scanDifferences(
  predicted: PredictedFile | undefined,
  scanned: Readonly<Record<string, number>>,
  empty: number,
): string[] {
  return SCAN_RESULTS.flatMap((result) => {
    const name = traceString(result);
    const real = (scanned[name] ?? 0) - (result === 'SCAN_EXCEED_NONE_PTE' ? empty : 0);
    const said = result === 'SCAN_SUCCEED' ? (predicted?.collapses ?? 0) : (predicted?.refused[result] ?? 0);
    return said === real ? [] : [`${name}: predicted ${said}, real ${real}`];
  });
}

/** PMD ranges with no page in memory that the first of the VMAs with most of them maps whole. */
function emptyRanges({ ranges, vmas }: GuestMappedFile): number {
  const { first, past } = mostRanges(vmas);
  return ranges.slice(first, past).filter((line) => pagesIn(line) === 0).length;
}
