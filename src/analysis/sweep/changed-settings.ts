import { PACE_FILES, sizeFolder, THP_FOLDER } from '../../core/base/sysfs.ts';
import { type Geometry, orderBytes } from '../../core/memory/geometry.ts';
import { ordersOf } from '../../core/memory/order.ts';
import type { Host } from '../../core/rules/memory-source.ts';
import { type ShmemSettings, shmemOrders } from '../../core/rules/shmem-settings.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
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

/** The words of shared memory, from those that allow the least on: `inherit` as much as what it inherits. */
const SHMEM_REACH = ['deny', 'never', 'advise', 'within_size', 'inherit', 'always', 'force'];

/**
 * The files of shared memory that changed between two readings, those first that allow less then; none where
 * one of them does not say.
 */
export function changedShmem(
  before: ShmemSettings | undefined,
  after: ShmemSettings | undefined,
  geometry: Geometry,
): ChangedSetting[] {
  if (!before || !after) return [];
  const words = [
    ['shmem_enabled', before.enabled, after.enabled] as const,
    ...ordersOf(shmemOrders(geometry)).map((order) => {
      const file = `${sizeFolder(orderBytes(order, geometry))}/shmem_enabled`;
      return [file, before.sizes.get(order) ?? 'never', after.sizes.get(order) ?? 'never'] as const;
    }),
  ];
  const changed = words.flatMap(([file, was, is]) => (was === is ? [] : [{ file, before: was, after: is }]));
  const isWider = (each: ChangedSetting) =>
    Number(SHMEM_REACH.indexOf(each.after) > SHMEM_REACH.indexOf(each.before));
  return changed.sort((a, b) => isWider(a) - isWider(b));
}

/** The files that say how often khugepaged works, and whether reclaim splits, that changed. */
export function changedPace(
  before: Pick<Host, 'khugepaged' | 'shrinkUnderused'>,
  after: Pick<Host, 'khugepaged' | 'shrinkUnderused'>,
): ChangedSetting[] {
  const [was, is] = [before.khugepaged, after.khugepaged];
  const values = (Object.keys(PACE_FILES) as (keyof typeof PACE_FILES)[]).map(
    (name) => [`khugepaged/${PACE_FILES[name]}`, was?.[name], is?.[name]] as const,
  );
  return [...values, ['shrink_underused', before.shrinkUnderused, after.shrinkUnderused] as const].flatMap(
    ([file, then, now]) =>
      then === undefined || now === undefined || then === now
        ? []
        : [{ file, before: String(Number(then)), after: String(Number(now)) }],
  );
}
