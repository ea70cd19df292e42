import type { ChangedSetting } from '../../analysis/sweep/changed-settings.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { PACE_FILES } from '../../core/base/sysfs.ts';
import { parseAssignment } from '../../core/rules/settings-file.ts';
import type { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { readThpSetting } from '../../linux/machine/settings-writer.ts';

/** The largest unsigned int: the kernel takes these files as such. */
const MOST = 2 ** 32 - 1;

/** What each file of the pace takes, from and to. Source: khugepaged_attr, docs/khugepaged.md#sysfs. */
const TAKES: ReadonlyMap<string, readonly [number, number]> = new Map([
  [`khugepaged/${PACE_FILES.pagesToScan}`, [1, MOST]],
  [`khugepaged/${PACE_FILES.scanSleepMs}`, [0, MOST]],
  [`khugepaged/${PACE_FILES.allocSleepMs}`, [0, MOST]],
  [`khugepaged/${PACE_FILES.defrag}`, [0, 1]],
]);

/** What `--set` asks for: files of the pace of khugepaged, and those that predictions go by. */
export interface SplitAssignments {
  readonly pace: readonly string[];
  readonly others: readonly string[];
}

export function splitAssignments(assignments: readonly string[]): SplitAssignments {
  const isPace = (assignment: string) => {
    const parsed = parseAssignment(assignment);
    return parsed.ok && TAKES.has(parsed.value.path);
  };
  return {
    pace: assignments.filter(isPace),
    others: assignments.filter((assignment) => !isPace(assignment)),
  };
}

/** The files of the pace that these assignments change. Fails where a file does not take the value. */
export function paceChanges(assignments: readonly string[], tree: KernelTree): Result<ChangedSetting[]> {
  const changes = new Map<string, ChangedSetting>();
  for (const assignment of assignments) {
    const parsed = parseAssignment(assignment);
    if (!parsed.ok) return parsed;
    const { path, value } = parsed.value;
    const [from, to] = TAKES.get(path) ?? [0, MOST];
    if (!/^\d{1,10}$/.test(value) || Number(value) < from || Number(value) > to)
      return fail('usage', `--set ${assignment}: the file takes a number from ${from} to ${to}`);
    const now = readThpSetting(tree, path);
    if (!now.ok) return now;
    changes.set(path, { file: path, before: now.value, after: String(Number(value)) });
  }
  return succeed([...changes.values()].filter(({ before, after }) => before !== after));
}
