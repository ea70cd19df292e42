import { readFileSync } from 'node:fs';
import { nodeFiles } from '../../conform/guest-files.ts';
import { type BootableKernel, compile, RESTART_SCRIPT } from '../../conform/kernels.ts';
import { restartFiles, runRestart } from '../../conform/restart-suite.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { type Context, print } from '../shared/context.ts';
import { restartSuiteJson } from './json.ts';
import { askGuests } from './program-guest.ts';
import { restartTable } from './restart-table.ts';

/**
 * The suite restart: programs that start again under several sizes, and what was predicted of them. Its
 * errors are figures, not differences: the prediction is a bound.
 */
export async function conformRestart(
  context: Context,
  kernels: readonly BootableKernel[],
  folder: string,
  json = false,
): Promise<Result<number>> {
  const programs = await compile('restart', folder);
  if (!programs.ok) return programs;
  const files = [...nodeFiles(), ...restartFiles(readFileSync(programs.value), readFileSync(RESTART_SCRIPT))];
  const asked = await askGuests(context, kernels, folder, files, (guest, kernel, progress) =>
    runRestart(guest, (done, of) => progress.show(done, of, `restarts on ${kernel.version}`)),
  );
  if (!asked.ok) return asked;
  if (json) await print(context, restartSuiteJson(asked.value));
  else
    for (const { kernel, answer } of asked.value)
      await print(context, `Linux ${kernel}\n${restartTable(answer).join('\n')}\n`);
  return succeed(0);
}
