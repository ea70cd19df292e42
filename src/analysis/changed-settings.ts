import { THP_FOLDER } from '../core/base/sysfs.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import { writesBetween } from './sysfs-writes.ts';

/** A file of THP settings that held another value at the later reading. */
export interface ChangedSetting {
  /** Below /sys/kernel/mm/transparent_hugepage. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** The files of settings that changed between two readings; none where one of the kernels has no THP. */
export function changedSettings(
  before: ThpSettings | undefined,
  after: ThpSettings | undefined,
  geometry: Geometry,
): ChangedSetting[] {
  if (!before || !after) return [];
  const earlier = new Map(writesBetween(after, before, geometry).map(({ path, value }) => [path, value]));
  return writesBetween(before, after, geometry).map(({ path, value }) => ({
    file: path.slice(THP_FOLDER.length + 1),
    before: earlier.get(path) ?? '',
    after: value,
  }));
}
