import { packageFiles } from '../../conform/guest/guest-files.ts';
import { javaFiles } from '../../conform/guest/guest-java.ts';
import { postgresFiles } from '../../conform/guest/guest-postgres.ts';
import { runProgram } from '../../conform/guest/guest-programs.ts';
import type { BootableKernel } from '../../conform/guest/kernels.ts';
import { POSTGRES, ZGC } from '../../conform/shared-programs/programs.ts';
import { runSharedPrograms } from '../../conform/shared-programs/suite.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { type Context, print } from '../shared/context.ts';
import { sharedProgramsJson } from './json.ts';
import { askGuests, broughtPrograms } from './program-guest.ts';
import { describeDifferences, sharedProgramsTable } from './shared-programs-table.ts';

/**
 * The suite shared-programs: what is predicted of the shared memory of PostgreSQL and of a JVM, and what
 * khugepaged of the guest then does. Returns the number of files with a difference that no named assumption
 * explains. Programs that this machine cannot bring are left out, with a word.
 */
export async function conformSharedPrograms(
  context: Context,
  kernels: readonly BootableKernel[],
  folder: string,
  json = false,
): Promise<Result<number>> {
  const brought = broughtPrograms(context, [
    [POSTGRES, await postgresFiles()],
    [ZGC, await javaFiles(folder)],
  ]);
  const programs = brought.programs.flatMap((group) => group.programs);
  const asked = await askGuests(
    context,
    kernels,
    folder,
    [...packageFiles(), ...brought.files],
    async (guest, kernel, progress) => {
      for (const { prepare } of brought.programs) {
        const prepared = prepare === undefined ? succeed([]) : await runProgram(guest, prepare);
        if (!prepared.ok) return prepared;
      }
      return runSharedPrograms(guest, kernel, programs, (done, of) =>
        progress.show(done, of, `changes on ${kernel.version}`),
      );
    },
  );
  if (!asked.ok) return asked;
  if (json) await print(context, sharedProgramsJson(asked.value));
  else
    for (const { kernel, answer } of asked.value) {
      const lines = [...sharedProgramsTable(answer), ...answer.flatMap(describeDifferences)];
      await print(context, [`Linux ${kernel}`, ...lines, ''].join('\n'));
    }
  const files = asked.value.flatMap(({ answer }) => answer.flatMap((each) => each.files));
  return succeed(files.filter(({ outcome }) => outcome === 'unexplained').length);
}
