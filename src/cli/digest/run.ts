import { cacheSums } from '../../analysis/cache/cache-digest.ts';
import { apartRanges, otherBytesOf, totalDigest } from '../../analysis/digest/memory-digest.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { plural } from '../../core/base/plural.ts';
import { missingLines } from '../../render/words/left-out.ts';
import { notCovered } from '../../render/words/not-covered.ts';
import { type Context, print, warn } from '../shared/context.ts';
import { writeDigestFile } from '../shared/digest/digest-file.ts';
import { type DigestRead, digestFromFlags } from '../shared/digest/digest-source.ts';
import { interruptible } from '../shared/interrupt.ts';
import { originField } from '../shared/memory/origin.ts';
import { sourceInputs } from '../shared/memory/source.ts';
import { checkOutput, notWritten, outputName } from '../shared/output/write-output.ts';
import type { DigestFlags } from './command.ts';

/** `thpscope digest`: what decides every policy, in a file of some kilobytes per process. */
export async function digest(this: Context, flags: DigestFlags, ...files: string[]): Promise<void> {
  const said = notWritten(flags.output);
  await interruptible(this, (signal) => digestSource(this, flags, files, signal), said);
}

async function digestSource(
  context: Context,
  flags: DigestFlags,
  words: string[],
  signal: AbortSignal,
): Promise<Result<void>> {
  const output = checkOutput(context, flags, words);
  if (!output.ok) return output;
  const inputs = await sourceInputs(context, flags, words);
  if (!inputs.ok) return inputs;
  const made = await digestFromFlags(context, flags, inputs.value.files, { signal });
  if (!made.ok) return made;
  const written = await writeDigestFile(context, flags.output, made.value);
  if (!written.ok) return written;
  const total = totalDigest(made.value);
  const apart = apartRanges(total);
  const { notes, skipped, processes, origins } = made.value;
  if (flags.json) {
    const counts = {
      processes: processes.length,
      ranges: total.ranges,
      apart,
      otherBytes: otherBytesOf(total) ?? null,
      pageCache: made.value.cache ? cacheSums(made.value.cache) : null,
      bytes: written.value,
    };
    await print(
      context,
      `${JSON.stringify({ schema: 'thpscope/digested@1', file: flags.output, ...counts, notes, ...originField(origins) })}\n`,
    );
    return succeed(undefined);
  }
  for (const note of notes) warn(context, note);
  for (const line of missingLines(skipped)) warn(context, line);
  const ranges = `${plural(total.ranges, 'PMD range')}${apart > 0 ? `, ${apart} of them kept whole` : ''}`;
  warn(
    context,
    `wrote ${outputName(flags.output)}: ${plural(processes.length, 'process', 'processes')}, ${ranges}, ${formatBytes(written.value)}; ${othersWords(made.value, otherBytesOf(total))}`,
  );
  return succeed(undefined);
}

/** Memory that is not anonymous: what of the page cache is counted, or that none of it is. */
function othersWords({ cache, processes }: DigestRead, otherBytes: number | undefined): string {
  const mapped = notCovered(otherBytes, processes.length);
  if (!cache) return `not covered: ${mapped}`;
  const { files, ranges, unreadFiles } = cacheSums(cache);
  const unread = unreadFiles > 0 ? `, not read: ${plural(unreadFiles, 'file')}` : '';
  const counted = `${plural(files, 'file')} in ${plural(ranges, 'whole PMD range')}${unread}`;
  return `page cache: ${counted}; in RSS: ${mapped}`;
}
