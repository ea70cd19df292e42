import { parseDuration } from '../../core/base/duration.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import type { Context } from '../shared/context.ts';
import { inputFile } from '../shared/input/command-inputs.ts';
import type { InputFile } from '../shared/input/input-file.ts';
import { checkNamedOnce } from '../shared/input/standard-input.ts';
import { sourceInputs } from '../shared/memory/source.ts';
import type { MetricsFlags } from './command.ts';

/** Where the memory comes from, however often it is read, and what is asked about it. */
export interface MetricsSource {
  readonly context: Context;
  readonly flags: MetricsFlags;
  readonly files: readonly InputFile[];
  /** What --policy names: settings that thpscope has a name for, or files. */
  readonly policies: readonly InputFile[] | undefined;
  /** Time from one reading to the next at least; undefined where there is one. */
  readonly periodMs: number | undefined;
}

/** What the words of the command and its --policy name. Standard input is read to its end here. */
export async function metricsSource(
  context: Context,
  flags: MetricsFlags,
  words: readonly string[],
): Promise<Result<MetricsSource>> {
  const { policy, ...others } = flags;
  const everyNs = flags.every === undefined ? undefined : parseDuration(flags.every);
  const everyMs = everyNs === undefined ? undefined : everyNs / 1e6;
  const periodMs = flags.listen === undefined ? everyMs : flags.refresh * 1000;
  const once = checkNamedOnce([...words, ...(policy ?? [])]);
  if (!once.ok) return once;
  const inputs = await sourceInputs(context, others, words);
  if (!inputs.ok) return inputs;
  const { files } = inputs.value;
  if (!policy) return succeed({ context, flags, files, policies: undefined, periodMs });
  const policies: InputFile[] = [];
  for (const word of policy) {
    const file = await inputFile(context, word);
    if (!file.ok) return file;
    policies.push(file.value);
  }
  return succeed({ context, flags, files, policies, periodMs });
}
