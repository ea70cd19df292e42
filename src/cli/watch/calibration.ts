import { arch } from 'node:os';
import type { WorkTiming } from '../../analysis/watch/timing.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Host } from '../../core/rules/memory-source.ts';
import { DEFAULT_CALIBRATION } from '../../khugepaged/costs.ts';
import { watchedCalibration } from '../../simulation/watched-calibration.ts';
import { type Context, warn } from '../shared/context.ts';
import { outputName, writeOutput } from '../shared/output/write-output.ts';

/**
 * Writes what khugepaged's work took, for `simulate --calibration`. Fails where too little of it was seen.
 */
export async function writeWatchedCalibration(
  context: Context,
  path: string,
  { scansNs, collapses }: WorkTiming,
  { kernelRelease, geometry }: Host,
): Promise<Result<void>> {
  const machine = `Linux ${kernelRelease.replace(/-.*/, '')}, ${arch()}`;
  const ofPmd = collapses.filter(({ order }) => order === geometry.pmdOrder);
  const calibration = watchedCalibration(
    { scansNs, collapses: ofPmd },
    machine,
    geometry,
    DEFAULT_CALIBRATION,
  );
  if (!calibration)
    return fail(
      'unreadable',
      `${path}: not written: khugepaged scanned ${scansNs.length} ranges and collapsed ${ofPmd.length} to the PMD size while it was timed, too few for a calibration; watch for longer`,
    );
  const written = await writeOutput(context, path, `${JSON.stringify(calibration, undefined, 2)}\n`, 'umask');
  if (!written.ok) return written;
  warn(context, `wrote ${outputName(path)}: thpscope simulate --calibration ${path} takes it`);
  return succeed(undefined);
}
