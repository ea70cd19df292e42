import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { type Calibration, DEFAULT_CALIBRATION } from '../../khugepaged/costs.ts';
import { firstIssue } from '../shared/first-issue.ts';

const calibrationFile = z.strictObject({
  name: z.string(),
  about: z.string(),
  costs: z.record(z.string(), z.strictObject({ ns: z.number().min(0), source: z.string() })),
});

/** The calibration in a file that `simulate --calibrate` printed; the built-in one without a file. */
export async function readCalibration(path: string | undefined): Promise<Result<Calibration>> {
  if (path === undefined) return succeed(DEFAULT_CALIBRATION);
  try {
    const parsed = calibrationFile.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (parsed.success) return succeed(parsed.data);
    return fail('unreadable', `--calibration ${path}: ${firstIssue(parsed.error)}`);
  } catch (error) {
    return fail('unreadable', `--calibration ${path}: no JSON file (${(error as Error).message})`);
  }
}
