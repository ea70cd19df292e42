import { mkdirSync } from 'node:fs';
import type { SourceDigest } from '../../../analysis/digest/memory-digest.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { plural } from '../../../core/base/plural.ts';
import { randomFrom } from '../../../core/base/random.ts';
import { generateFleet } from '../../../fleet/generated-fleet.ts';
import { readingFiles } from '../../../fleet/reading-files.ts';
import { folderStore } from '../../../fleet/stores/folder-store.ts';
import { type Context, warn } from '../../shared/context.ts';
import { digestFromFlags } from '../../shared/digest/digest-source.ts';
import { interruptible } from '../../shared/interrupt.ts';
import { sameGeometry, sourceInputs } from '../../shared/memory/source.ts';
import { startProgress } from '../../shared/output/progress.ts';
import type { FleetGenerateFlags } from './command.ts';

/** `thpscope fleet generate`: a made-up fleet. */
export async function fleetGenerate(
  this: Context,
  flags: FleetGenerateFlags,
  ...files: string[]
): Promise<void> {
  await interruptible(this, (signal) => generate(this, flags, files, signal));
}

async function generate(
  context: Context,
  { output, hosts, processes, seed = Date.now() % 2 ** 31 }: FleetGenerateFlags,
  words: readonly string[],
  signal: AbortSignal,
): Promise<Result<void>> {
  if (words.length === 0) return fail('usage', 'no recordings given: name snapshots or digests');
  const inputs = await sourceInputs(context, {}, words);
  if (!inputs.ok) return inputs;
  const recordings: SourceDigest[] = [];
  for (const [at, file] of inputs.value.files.entries()) {
    const name = words[at];
    const digest = await digestFromFlags(context, {}, [file], { signal });
    if (!digest.ok) return digest;
    if (digest.value.processes.length === 0) return fail('usage', `${name}: has no processes to draw from`);
    if (!sameGeometry(digest.value.host.geometry, (recordings[0] ?? digest.value).host.geometry))
      return fail('usage', `${name}: has another page size than ${words[0]}: hosts of both do not add up`);
    recordings.push(digest.value);
  }
  mkdirSync(output, { recursive: true });
  const store = folderStore(output);
  const progress = startProgress(context);
  let done = 0;
  try {
    for (const reading of generateFleet(
      recordings,
      { hosts, processes, timeMs: Date.now() },
      randomFrom(seed),
    )) {
      for (const { key, bytes } of readingFiles(reading)) {
        signal.throwIfAborted();
        const stored = await store.put(key, bytes);
        if (!stored.ok) return stored;
      }
      progress.show(++done, hosts, 'hosts made');
    }
  } finally {
    progress.clear();
  }
  warn(
    context,
    `added ${plural(hosts, 'host')} of ${plural(processes, 'process', 'processes')} to ${output}; seed ${seed}`,
  );
  return succeed(undefined);
}
