import type { ReadingDifference } from '../../../analysis/difference/reading-difference.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import type { MemoryOrigin } from '../../../core/rules/memory-source.ts';
import type { SeriesView } from '../../../render/text/diff/series.ts';
import { seriesFiles } from '../../../snapshot/series.ts';
import type { Context } from '../context.ts';
import { readDifference } from './read-difference.ts';
import { openSnapshots } from './source.ts';

/** Reads the snapshots of a folder that capture --every wrote: what changed from each to the next. */
export async function readSeries(
  context: Context,
  folder: string,
): Promise<Result<SeriesView & { readonly origins: readonly MemoryOrigin[] }>> {
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
  return succeed({ times: origins.map(({ time }) => time), differences, origins });
}
