import { processCount } from '../../../analysis/memory-digest.ts';
import { fail, type Result } from '../../../core/base/failure.ts';
import { foldFleet } from '../../../fleet/fleet-memory.ts';
import { type Context, warn } from '../../shared/context.ts';
import { interruptible } from '../../shared/interrupt.ts';
import { sweepDigest } from '../../sweep/run.ts';
import { openFleet } from '../open-fleet.ts';
import type { FleetSweepFlags } from './command.ts';

/** `thpscope fleet sweep`: many policies at once, over the memory of all hosts. */
export async function fleetSweep(this: Context, flags: FleetSweepFlags, folder?: string): Promise<void> {
  await interruptible(this, (signal) => sweepFleet(this, flags, folder, signal));
}

async function sweepFleet(
  context: Context,
  flags: FleetSweepFlags,
  folder: string | undefined,
  signal: AbortSignal,
): Promise<Result<void>> {
  if (flags.csv && flags.json) return fail('usage', '--csv and --json cannot be combined');
  const opened = await openFleet(context, flags, folder);
  if (!opened.ok) return opened;
  const { engine, survey, origin, leftOut } = opened.value;
  try {
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
    for (const line of leftOut) warn(context, `not counted: ${line}`);
    return swept;
  } finally {
    await engine.close();
  }
}
