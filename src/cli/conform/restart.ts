import { readFileSync } from 'node:fs';
import { askBuilt } from '../../conform/guest/built-command.ts';
import { packageFiles } from '../../conform/guest/guest-files.ts';
import { JVM, javaFiles } from '../../conform/guest/guest-java.ts';
import { REDIS, redisFiles } from '../../conform/guest/guest-redis.ts';
import { type BootableKernel, compile } from '../../conform/guest/kernels.ts';
import { labFile } from '../../conform/guest/lab.ts';
import { RESTART_PROGRAMS } from '../../conform/restart/restart-programs.ts';
import { restartFiles, runRestart } from '../../conform/restart/restart-suite.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { type Context, print } from '../shared/context.ts';
import { restartSuiteJson } from './json.ts';
import { askGuests, broughtPrograms } from './program-guest.ts';
import { restartTable } from './restart-table.ts';

/**
 * The suite restart: programs that start again under several sizes, and what was predicted of them. Its
 * errors are figures, not differences: the prediction is a bound. Programs that this machine cannot bring are
 * left out, with a word.
 */
export async function conformRestart(
  context: Context,
  kernels: readonly BootableKernel[],
  folder: string,
  json = false,
): Promise<Result<number>> {
  const compiled = await compile('restart', folder);
  if (!compiled.ok) return compiled;
  const script = readFileSync(labFile('restart', 'objects.mjs'));
  const files = [...packageFiles(), ...restartFiles(readFileSync(compiled.value), script)];
  const brought = broughtPrograms(context, [
    [REDIS, await redisFiles()],
    [JVM, await javaFiles(folder)],
  ]);
  const programs = [...RESTART_PROGRAMS, ...brought.programs];
  const asked = await askGuests(
    context,
    kernels,
    folder,
    [...files, ...brought.files],
    (guest, kernel, progress) =>
      runRestart({ guest, kernel, programs, askBuilt, folder }, (done, of) =>
        progress.show(done, of, `restarts on ${kernel.version}`),
      ),
  );
  if (!asked.ok) return asked;
  if (json) await print(context, restartSuiteJson(asked.value));
  else
    for (const { kernel, answer } of asked.value)
      await print(context, `Linux ${kernel}\n${restartTable(answer).join('\n')}\n`);
  return succeed(0);
}
