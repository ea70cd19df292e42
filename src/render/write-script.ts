import type { SysfsWrite } from '../analysis/sysfs-writes.ts';

const THP = '/sys/kernel/mm/transparent_hugepage';

/** Writes as lines for a shell: into the folder once, then short paths, for whole ones would hide what is written. */
export function writeScript(writes: readonly SysfsWrite[]): string {
  const lines = writes.map(({ path, value }) => `echo ${value} > ${path.replace(`${THP}/`, '')}`);
  return [`cd ${THP}`, ...lines].join('\n');
}
