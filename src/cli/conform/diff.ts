import { readFileSync } from 'node:fs';
import { BUSY_JVM, BUSY_REDIS, FORKING_SERVER } from '../../conform/diff/diff-programs.ts';
import { type DiffCase, runDiff } from '../../conform/diff/diff-suite.ts';
import { askBuilt } from '../../conform/guest/built-command.ts';
import { packageFiles } from '../../conform/guest/guest-files.ts';
import { javaFiles } from '../../conform/guest/guest-java.ts';
import { redisFiles } from '../../conform/guest/guest-redis.ts';
import { type BootableKernel, compile } from '../../conform/guest/kernels.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { type Context, print } from '../shared/context.ts';
import { diffTable } from './diff-table.ts';
import { diffSuiteJson } from './json.ts';
import { askGuests, broughtPrograms } from './program-guest.ts';

/**
 * The suite diff: programs at work while settings change, and whether diff has a reason for each difference
 * between said and happened. Returns the number of cases without one. Programs that this machine
 * cannot bring are left out, with a word.
 */
export async function conformDiff(
  context: Context,
  kernels: readonly BootableKernel[],
  folder: string,
  json = false,
): Promise<Result<number>> {
  const compiled = await compile('diff', folder);
  if (!compiled.ok) return compiled;
  const files = [
    ...packageFiles(),
    { name: 'bin/server', content: readFileSync(compiled.value), executable: true },
  ];
  const brought = broughtPrograms(context, [
    [BUSY_REDIS, await redisFiles()],
    [BUSY_JVM, await javaFiles(folder)],
  ]);
  const programs = [FORKING_SERVER, ...brought.programs];
  const asked = await askGuests(
    context,
    kernels,
    folder,
    [...files, ...brought.files],
    (guest, kernel, progress) =>
      runDiff({ guest, kernel, programs, askBuilt, folder }, (done, of) =>
        progress.show(done, of, `changes on ${kernel.version}`),
      ),
  );
  if (!asked.ok) return asked;
  if (json) await print(context, diffSuiteJson(asked.value));
  else
    for (const { kernel, answer } of asked.value)
      await print(context, `Linux ${kernel}\n${diffTable(answer).join('\n')}\n`);
  return succeed(asked.value.flatMap(({ answer }) => answer.filter(isUnexplained)).length);
}

/** Whether diff has no reason for some of a case, or khugepaged was not round twice: nothing was tested. */
function isUnexplained({ fullScans, unexplainedPages }: DiffCase): boolean {
  return fullScans < 2 || Object.keys(unexplainedPages).length > 0;
}
