import { computed, signal } from '@preact/signals';
import type { Failure } from '../../../src/core/base/failure.ts';
import { go } from '../../state/link.ts';
import { asked } from '../run-state.ts';
import { type RecordedSeries, readSeriesJson } from './series-json.ts';

/** The scenario of a link that means a series of a file, or with `:ID` one of the server. */
const SERIES = 'series';

/** A series that the server of this page can read. */
export interface ServedSeries {
  readonly id: string;
  readonly name: string;
  readonly sources: readonly string[];
}

export const servedSeries = signal<readonly ServedSeries[]>([]);

/** What is shown of the series that the link asks for. */
export const shownSeries = signal<
  | { readonly state: 'reading' }
  | { readonly state: 'read'; readonly series: RecordedSeries }
  | { readonly state: 'failed'; readonly failure: Failure }
  | undefined
>(undefined);

export function isRecordedSeries(scenario: string): boolean {
  return scenario === SERIES || scenario.startsWith(`${SERIES}:`);
}

/** The id of the served series that the link asks for; undefined for one of a file. */
export const servedId = computed(() => asked.value.scenario?.split(':')[1]);

export function goToSeries(id: string): void {
  go('timeline', { scenario: `${SERIES}:${id}`, moment: undefined });
}

/** Opens what `thpscope diff FOLDER --json` printed; nothing of it leaves the page. */
export async function openSeriesFile(file: File): Promise<void> {
  const read = readSeriesJson(await file.text(), file.name);
  shownSeries.value = read.ok
    ? { state: 'read', series: read.value }
    : { state: 'failed', failure: read.failure };
  go('timeline', { scenario: SERIES, moment: undefined });
}

/** Asks the server of this page which series it has; a plain file server has none. */
export async function findServedSeries(): Promise<void> {
  if (!document.querySelector('meta[name="thpscope-server"]')) return;
  const response = await fetch(new URL('series.json', location.href));
  if (response.ok) servedSeries.value = await response.json();
}

/** Has the server read a series: as long as it takes to read all of its snapshots. */
export async function readServedSeries(id: string): Promise<void> {
  shownSeries.value = { state: 'reading' };
  const mine = shownSeries.peek();
  if (servedSeries.peek().length === 0) await findServedSeries();
  const served = servedSeries.peek().find((each) => each.id === id);
  const response = served && (await fetch(new URL(`series/${id}`, location.href)));
  const text = response ? await response.text() : 'there is no such series here; choose another';
  if (shownSeries.peek() !== mine) return;
  const read =
    served && response?.ok
      ? readSeriesJson(text, served.name, served.sources)
      : { ok: false as const, failure: { kind: 'unreadable' as const, message: text } };
  shownSeries.value = read.ok
    ? { state: 'read', series: read.value }
    : { state: 'failed', failure: read.failure };
}
