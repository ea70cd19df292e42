import type { SysfsWrite } from '../../../analysis/sweep/sysfs-writes.ts';
import { THP_FOLDER } from '../../../core/base/sysfs.ts';

/** Writes as commands of a shell, a line each. */
export function writeLines(writes: readonly SysfsWrite[]): string[] {
  return writes.map(({ path, value }) => `echo ${value} > ${path}`);
}

/** The same for pages: into the folder once, then short paths, for whole ones would hide what is written. */
export function writeScript(writes: readonly SysfsWrite[]): string {
  return [`cd ${THP_FOLDER}`, ...writeLines(writes).map((line) => line.replace(`${THP_FOLDER}/`, ''))].join(
    '\n',
  );
}
