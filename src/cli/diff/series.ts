import type { ReadingDifference } from '../../analysis/reading-difference.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import { originCells } from '../../render/csv/origin.ts';
import { seriesCsv } from '../../render/csv/series.ts';
import { seriesJson } from '../../render/json/series.ts';
import { seriesText } from '../../render/text/series.ts';
import { seriesFiles } from '../../snapshot/series.ts';
import { type Context, print, styleFor } from '../shared/context.ts';
import { originField, printOrigin } from '../shared/origin.ts';
import { openSnapshots } from '../shared/source.ts';
import { readVersion } from '../shared/version.ts';
import type { DiffFlags } from './command.ts';
import { readDifference } from './read-difference.ts';

/** `diff` of a folder: what changed from each snapshot of a series to the next. */
export async function diffSeries(context: Context, flags: DiffFlags, folder: string): Promise<Result<void>> {
  const files = await seriesFiles(folder);
  if (!files.ok) return files;
  if (files.value.length < 2)
    return fail(
      'usage',
      `${folder}: has ${files.value.length === 0 ? 'no snapshot' : 'only one snapshot'} of a series; thpscope capture --every 10m -o ${folder} writes them`,
    );
  const differences: ReadingDifference[] = [];
  const origins: MemoryOrigin[] = [];
  for (const [at, path] of files.value.entries()) {
    if (at === 0) continue;
    const earlier = files.value[at - 1];
    const before = await openSnapshots(context.command, [{ path: earlier, name: earlier }], undefined);
    if (!before.ok) return before;
    const after = await openSnapshots(context.command, [{ path, name: path }], undefined);
    if (!after.ok) {
      before.value.close();
      return after;
    }
    const read = await readDifference(context, before.value, after.value, undefined);
    if (!read.ok) return read;
    differences.push(read.value.difference);
    if (at === 1) origins.push(...read.value.origins[0]);
    origins.push(...read.value.origins[1]);
  }
  const series = { times: origins.map(({ time }) => time), differences };
  if (flags.json)
    await print(context, `${JSON.stringify({ ...seriesJson(series), ...originField(origins) })}\n`);
  else if (flags.csv) await print(context, seriesCsv(series, originCells(origins, '', readVersion())));
  else {
    await printOrigin(context, origins);
    await print(context, seriesText(series, styleFor(context, flags.color)));
  }
  return succeed(undefined);
}
