import { arch } from 'node:os';
import { type Result, succeed } from '../../core/base/failure.ts';
import { DEFAULT_CALIBRATION } from '../../khugepaged/costs.ts';
import { RUNNING_KERNEL } from '../../linux/kernel/kernel-tree.ts';
import { timeCollapses } from '../../linux/machine/collapse-timing.ts';
import { readHost } from '../../linux/machine/host.ts';
import { measuredCalibration } from '../../simulation/measured-calibration.ts';
import { type Context, print, warn } from '../shared/context.ts';

/** `simulate --calibrate`: prints a calibration file with what this machine allows to measure. */
export async function calibrate(context: Context): Promise<Result<void>> {
  const host = readHost(RUNNING_KERNEL, new Date());
  if (!host.ok) return host;
  const { geometry, kernelRelease } = host.value;
  const timings = await timeCollapses(geometry);
  if (!timings.ok) return timings;
  const machine = `Linux ${kernelRelease.replace(/-.*/, '')}, ${arch()}`;
  const calibration = measuredCalibration(timings.value, machine, geometry, DEFAULT_CALIBRATION);
  await print(context, `${JSON.stringify(calibration, undefined, 2)}\n`);
  for (const { pages, ns } of timings.value)
    warn(context, `a range with ${pages} pages collapses in ${(ns / 1000).toFixed(1)} us`);
  return succeed(undefined);
}
