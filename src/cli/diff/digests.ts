import { digestDifference } from '../../analysis/difference/digest-difference.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { digestDiffJson } from '../../render/json/diff-digest.ts';
import { digestDiffText } from '../../render/text/diff/diff-digest.ts';
import { type Context, print, printText, styleFor, warn } from '../shared/context.ts';
import { type DigestRead, digestFromFlags } from '../shared/digest/digest-source.ts';
import type { InputFile } from '../shared/input/input-file.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import { elapsedMs } from '../shared/memory/read-difference.ts';
import { otherPageSize, sameGeometry } from '../shared/memory/source.ts';
import type { DiffFlags } from './command.ts';

/** `diff` where one of the readings is a digest: the sums of both. */
export async function diffDigests(
  context: Context,
  flags: DiffFlags,
  files: readonly InputFile[],
  top: number,
  signal: AbortSignal,
): Promise<Result<void>> {
  if (flags.csv || flags.verbose)
    return fail('usage', '--csv and -v list what digests do not hold; give snapshots, or --json');
  const [earlier, later] = files;
  const before = await digestFromFlags(context, {}, [earlier], { signal });
  if (!before.ok) return before;
  const after = await digestFromFlags(context, later ? {} : flags, later ? [later] : [], { signal });
  if (!after.ok) return after;
  const readings: readonly DigestRead[] = [before.value, after.value];
  if (!sameGeometry(before.value.host.geometry, after.value.host.geometry)) {
    const [one, other] = readings.map(({ origins }) => origins[0].source);
    return otherPageSize(context.command, other, one);
  }
  const difference = digestDifference(
    before.value,
    after.value,
    elapsedMs(before.value.host, after.value.host),
  );
  const origins = readings.flatMap((each) => each.origins);
  if (flags.json) {
    await print(context, `${JSON.stringify({ ...digestDiffJson(difference), ...originField(origins) })}\n`);
    return succeed(undefined);
  }
  for (const each of readings) await printOrigin(context, each.origins);
  await printText(context, digestDiffText({ difference, by: flags.by, top }, styleFor(context, flags.color)));
  for (const note of new Set(readings.flatMap(({ notes }) => notes))) warn(context, note);
  return succeed(undefined);
}
