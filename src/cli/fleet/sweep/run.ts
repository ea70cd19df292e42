import { processCount } from '../../../analysis/digest/memory-digest.ts';
import { fail, type Result } from '../../../core/base/failure.ts';
import { foldFleet } from '../../../fleet/fleet-memory.ts';
import type { Context } from '../../shared/context.ts';
import { interruptible } from '../../shared/interrupt.ts';
import { sweepDigest } from '../../sweep/run.ts';
import { type OpenedFleet, warnOfLeftOut, withFleet } from '../open-fleet.ts';
import type { FleetSweepFlags } from './command.ts';

/** `thpscope fleet sweep`: many policies at once, over the memory of all hosts. */
export async function fleetSweep(this: Context, flags: FleetSweepFlags, folder?: string): Promise<void> {
  await interruptible(this, async (signal) => {
    if (flags.csv && flags.json) return fail('usage', '--csv and --json cannot be combined');
    return withFleet(this, flags, folder, (fleet) => sweepFleet(this, flags, fleet, signal));
  });
}

async function sweepFleet(
  context: Context,
  flags: FleetSweepFlags,
  fleet: OpenedFleet,
  signal: AbortSignal,
): Promise<Result<void>> {
  const { engine, survey, origin } = fleet;
  const folded = await foldFleet(engine, survey, []);
  if (!folded.ok) return folded;
  const { source } = folded.value;
  const processes = processCount(source.processes);
  const swept = await sweepDigest(
    context,
    flags,
    { source, origins: [origin], processes, hosts: survey.hosts, runsHere: false },
    signal,
  );
  warnOfLeftOut(context, fleet);
  return swept;
}
