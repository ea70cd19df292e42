import { fail } from '../../../core/base/failure.ts';
import { plural } from '../../../core/base/plural.ts';
import { rollDataset } from '../../../fleet/roll.ts';
import { type Context, reportFailure, warn } from '../../shared/context.ts';
import type { FleetRollFlags } from './command.ts';

/** `thpscope fleet roll`: the files of each past day into a few. */
export async function fleetRoll(
  this: Context,
  { before = new Date().toISOString().slice(0, 10) }: FleetRollFlags,
  folder: string,
): Promise<void> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(before))
    return reportFailure(this, fail('usage', `--before ${before}: write a day such as 2026-11-27`).failure);
  const rolled = await rollDataset(folder, before);
  if (!rolled.ok) return reportFailure(this, rolled.failure);
  const { days, readings, removed } = rolled.value;
  if (days + removed === 0) return warn(this, `${folder}: no day before ${before} has anything to roll`);
  warn(
    this,
    `rolled ${plural(readings, 'reading')} of ${plural(days, 'day')}, removed ${plural(removed, 'file')}`,
  );
}
