import { type Result, succeed } from '../../core/base/failure.ts';
import { originCells } from '../../render/csv/origin.ts';
import { seriesCsv } from '../../render/csv/series.ts';
import { seriesJson } from '../../render/json/series.ts';
import { seriesText } from '../../render/text/diff/series.ts';
import { type Context, print, printText, styleFor } from '../shared/context.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import { readSeries } from '../shared/memory/read-series.ts';
import { readVersion } from '../shared/version.ts';
import type { DiffFlags } from './command.ts';

/** `diff` of a folder: what changed from each snapshot of a series to the next. */
export async function diffSeries(context: Context, flags: DiffFlags, folder: string): Promise<Result<void>> {
  const read = await readSeries(context, folder);
  if (!read.ok) return read;
  const { origins, ...series } = read.value;
  if (flags.json)
    await print(context, `${JSON.stringify({ ...seriesJson(series), ...originField(origins) })}\n`);
  else if (flags.csv) await print(context, seriesCsv(series, originCells(origins, '', readVersion())));
  else {
    await printOrigin(context, origins);
    await printText(context, seriesText(series, styleFor(context, flags.color)));
  }
  return succeed(undefined);
}
