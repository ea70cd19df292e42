import { readFileSync } from 'node:fs';
import { askBuilt } from '../../conform/built-command.ts';
import { packageFiles } from '../../conform/guest-files.ts';
import { JVM, javaFiles } from '../../conform/guest-java.ts';
import { REDIS, redisFiles } from '../../conform/guest-redis.ts';
import { type BootableKernel, compile } from '../../conform/kernels.ts';
import { labFile } from '../../conform/lab.ts';
import { RESTART_PROGRAMS } from '../../conform/restart-programs.ts';
import { restartFiles, runRestart } from '../../conform/restart-suite.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { type Context, print, warn } from '../shared/context.ts';
import { restartSuiteJson } from './json.ts';
import { askGuests } from './program-guest.ts';
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
  const programs = [...RESTART_PROGRAMS];
  for (const [program, brought] of [
    [REDIS, await redisFiles()],
    [JVM, await javaFiles(folder)],
  ] as const) {
    if (!brought.ok) {
      warn(context, `${program.name} is left out: ${brought.failure.message}`);
      continue;
    }
    programs.push(program);
    files.push(...brought.value);
  }
  const asked = await askGuests(context, kernels, folder, files, (guest, kernel, progress) =>
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
