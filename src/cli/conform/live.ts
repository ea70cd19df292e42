import { readFileSync } from 'node:fs';
import { packageFiles } from '../../conform/guest/guest-files.ts';
import { type BootableKernel, compile } from '../../conform/guest/kernels.ts';
import { labFile } from '../../conform/guest/lab.ts';
import { type LiveCase, outcomeOf } from '../../conform/live/live-case.ts';
import { liveFiles, runLive } from '../../conform/live/live-suite.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { type Context, print } from '../shared/context.ts';
import { liveJson } from './json.ts';
import { describeUnexplained, liveTable } from './live-table.ts';
import { askGuests } from './program-guest.ts';

/**
 * The suite live: predictions of real processes, made in the guest, and what its khugepaged then does.
 * Returns the number of differences that no named assumption explains.
 */
export async function conformLive(
  context: Context,
  kernels: readonly BootableKernel[],
  folder: string,
  json = false,
): Promise<Result<number>> {
  const states = await compile('live', folder);
  if (!states.ok) return states;
  const everyFrame = readFileSync(labFile('live', 'every-frame.mjs'));
  const files = [...packageFiles(), ...liveFiles(readFileSync(states.value), everyFrame)];
  const asked = await askGuests(context, kernels, folder, files, (guest, kernel, progress) =>
    runLive(guest, kernel, (done, of) => progress.show(done, of, `processes on ${kernel.version}`)),
  );
  if (!asked.ok) return asked;
  const isUnexplained = (live: LiveCase) => outcomeOf(live).kind === 'unexplained';
  if (json) await print(context, liveJson(asked.value));
  else
    for (const { kernel, answer } of asked.value) {
      const unexplained = answer.filter(isUnexplained).map(describeUnexplained);
      await print(context, [`Linux ${kernel}`, ...liveTable(answer), ...unexplained, ''].join('\n'));
    }
  return succeed(asked.value.flatMap(({ answer }) => answer.filter(isUnexplained)).length);
}
