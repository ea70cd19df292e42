import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { x86_64 } from '../../../core/memory/geometry.ts';
import {
  type FiledSettings,
  type SettingsFiles,
  settingsFiles,
  withFileWritten,
} from '../../../core/rules/settings-file.ts';

/** The settings after --set has written its files. Fails with which there are, or what one may say. */
export function withAssignments(
  settings: FiledSettings,
  assignments: readonly string[],
  files: SettingsFiles,
): Result<FiledSettings> {
  let written = settings;
  for (const assignment of assignments) {
    const after = withFileWritten(written, assignment, files);
    if (!after.ok) return fail('usage', `--set ${assignment}: ${after.failure.message}`);
    written = after.value;
  }
  return succeed(written);
}

/** What may follow `--set` once this much is typed: the files of the machine on which it is. */
export async function proposeAssignments(partial: string, kernelRoot: string): Promise<string[]> {
  const [path] = partial.split('=', 1);
  const { KernelTree } = await import('../../../linux/kernel/kernel-tree.ts');
  const { readKnownGeometry } = await import('../../../linux/machine/host.ts');
  const files = settingsFiles(readKnownGeometry(new KernelTree(kernelRoot)) ?? x86_64);
  const takes = files.get(path)?.takes;
  const all =
    partial.includes('=') && typeof takes === 'object'
      ? takes.map((word) => `${path}=${word}`)
      : [...files.keys()].map((file) => `${file}=`);
  return all.filter((each) => each.startsWith(partial));
}
