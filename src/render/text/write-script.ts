import { SYSFS_ROOT, type SysfsWrite } from '../../analysis/sysfs-writes.ts';

/** Writes as lines for a shell: into the folder once, then short paths, for whole ones would hide what is written. */
export function writeScript(writes: readonly SysfsWrite[]): string {
  const lines = writes.map(({ path, value }) => `echo ${value} > ${path.replace(`${SYSFS_ROOT}/`, '')}`);
  return [`cd ${SYSFS_ROOT}`, ...lines].join('\n');
}
