import { fail } from '../../core/base/failure.ts';
import { comparisonJson } from '../../render/json/compare.ts';
import { comparisonText } from '../../render/text/verify/compare.ts';
import { type Context, print, printText, reportFailure } from '../shared/context.ts';
import { EXIT } from '../shared/exit-code.ts';
import { commandInputs } from '../shared/input/command-inputs.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import { reportJob, runVerifyJob } from '../shared/search/verify-job.ts';
import type { CompareFlags } from './command.ts';

/** `thpscope compare`: two algorithms on recorded memory. */
export async function compare(this: Context, flags: CompareFlags, ...words: string[]): Promise<void> {
  const [a, b, ...files] = words;
  if (files.length === 0) {
    const usage =
      'two algorithms and a snapshot, for example: thpscope compare walk scaled examples/redis.parquet';
    return reportFailure(this, fail('usage', usage).failure);
  }
  const inputs = await commandInputs(this, flags, files);
  if (!inputs.ok) return reportFailure(this, inputs.failure);
  const compared = await runVerifyJob(this, { kind: 'compare', names: [a, b], ...inputs.value }, flags);
  if (!reportJob(this, compared)) return;
  const names = [a, b] as const;
  const { value, origins } = compared.value;
  if (!flags.json) await printOrigin(this, origins);
  const text = flags.json
    ? `${JSON.stringify({ ...comparisonJson(names, value), ...originField(origins) })}\n`
    : comparisonText(names, value);
  await (flags.json ? print : printText)(this, text);
  const { otherAttempts, otherCollapses } = value;
  if (otherAttempts + otherCollapses > 0) this.process.exitCode = EXIT.difference;
}
