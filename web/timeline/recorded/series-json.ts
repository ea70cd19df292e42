import { type Failed, fail, type Result, succeed } from '../../../src/core/base/failure.ts';
import { parseJson } from '../../../src/core/base/json.ts';
import { type Geometry, noneByOrder } from '../../../src/core/memory/geometry.ts';

/** A setting that another value was found in force of. */
interface ChangedSetting {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** What changed from one snapshot of a series to the next; pages are base pages. */
export interface SeriesStep {
  /** When the later one was read, ISO 8601. */
  readonly to: string;
  readonly elapsedMs: number;
  readonly settings: readonly ChangedSetting[];
  /** Processes that are not the same. */
  readonly restarted: number;
  /** Resident at the end, by folio order: index = order. */
  readonly pagesAfter: readonly number[];
  readonly collapsedPages: number;
  readonly filledPages: number;
  readonly splitPages: number;
  readonly touchedPages: number;
  readonly freedPages: number;
}

/** Memory that was recorded again and again: what `thpscope diff FOLDER --json` prints. */
export interface RecordedSeries {
  readonly name: string;
  readonly geometry: Geometry;
  /** When the first snapshot was read, ISO 8601. */
  readonly from: string;
  /** Resident then, by folio order. */
  readonly pagesBefore: readonly number[];
  /** At least one. */
  readonly steps: readonly SeriesStep[];
  /** Sources of the server that are its snapshots, in their order; none where there is no server. */
  readonly sources: readonly string[];
}

/** Reads a series; `sources` are its snapshots where a server has them. */
export function readSeriesJson(
  text: string,
  name: string,
  sources: readonly string[] = [],
): Result<RecordedSeries> {
  const json = parseJson(text);
  if (!json.ok || typeof json.value !== 'object' || json.value === null) return noSeries(name);
  const { schema, pageBytes, pmdOrder, steps } = json.value as Record<string, unknown>;
  if (schema !== 'thpscope/diff-series@1' || !Array.isArray(steps) || steps.length === 0)
    return noSeries(name);
  const pageShift = Math.log2(Number(pageBytes));
  if (!Number.isInteger(pageShift) || !Number.isInteger(pmdOrder)) return noSeries(name);
  const geometry: Geometry = { pageShift, pmdOrder: Number(pmdOrder) };
  try {
    return succeed({
      name,
      geometry,
      from: String(steps[0].from),
      pagesBefore: listOf(steps[0].pagesBefore, geometry),
      steps: steps.map((step) => ({
        ...step,
        pagesAfter: listOf(step.pagesAfter, geometry),
        collapsedPages: listOf(step.collapsedPages, geometry).reduce((sum, pages) => sum + pages, 0),
      })),
      sources,
    });
  } catch (error) {
    // What is not there cannot be walked through: the file was made by hand.
    if (error instanceof TypeError) return noSeries(name);
    throw error;
  }
}

function listOf(byOrder: Readonly<Record<string, number>>, geometry: Geometry): number[] {
  const pages = noneByOrder(geometry);
  for (const [order, count] of Object.entries(byOrder)) pages[Number(order)] = count;
  return pages;
}

function noSeries(name: string): Failed {
  return fail('unreadable', `${name}: is no series; thpscope diff FOLDER --json prints one`);
}
