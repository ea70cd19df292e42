import { z } from 'zod';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { type Calibration, DEFAULT_CALIBRATION } from '../../khugepaged/costs.ts';
import type { Context } from '../shared/context.ts';
import { inputFile } from '../shared/input/command-inputs.ts';
import { firstIssue } from '../shared/input/first-issue.ts';
import { readJsonFile } from '../shared/input/input-file.ts';

const calibrationFile = z.strictObject({
  name: z.string(),
  about: z.string(),
  costs: z.record(z.string(), z.strictObject({ ns: z.number().min(0), source: z.string() })),
});

/** The calibration in a file that `simulate --calibrate` printed; the built-in one without a file. */
export async function readCalibration(
  context: Context,
  word: string | undefined,
): Promise<Result<Calibration>> {
  if (word === undefined) return succeed(DEFAULT_CALIBRATION);
  const file = await inputFile(context, word);
  if (!file.ok) return file;
  const { path } = file.value;
  const name = `--calibration ${file.value.name}`;
  const json = await readJsonFile({ path, name });
  if (!json.ok) return json;
  const parsed = calibrationFile.safeParse(json.value);
  return parsed.success ? succeed(parsed.data) : fail('unreadable', `${name}: ${firstIssue(parsed.error)}`);
}
