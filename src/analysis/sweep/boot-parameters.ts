import { formatBytes } from '../../core/base/bytes.ts';
import { isBefore } from '../../core/base/release.ts';
import { formatRun, numberRuns } from '../../core/base/run-list.ts';
import { LIMIT_FILES, LIMITS, sizeFolder, THP_FOLDER } from '../../core/base/sysfs.ts';
import { type Geometry, orderBytes } from '../../core/memory/geometry.ts';
import { anonOrders, type Order, ordersOf } from '../../core/memory/order.ts';
import { releasesOf } from '../../core/rules/kernel-release.ts';
import { SIZE_WORDS, type SizeWord } from '../../core/rules/settings-words.ts';
import { defaultSettings, type ThpSettings } from '../../core/rules/thp-settings.ts';
import type { SysfsWrite } from './sysfs-writes.ts';

/** The series that has `thp_anon=`; those before it have `transparent_hugepage=` alone. */
const FIRST_THP_ANON_SERIES = [6, 12] as const;

/** What the kernel's command line says of settings. */
export interface BootParameters {
  readonly parameters: readonly string[];
  /** What it cannot say: files that are to differ from what the kernel begins with. */
  readonly unsaid: readonly SysfsWrite[];
}

/**
 * The parameters with which a kernel of this release begins with these settings. Every size is given its
 * word, in one `thp_anon=` for each word: once there is any, sizes that none names are `never`, the PMD size
 * too. One parameter for all would do (`16K:always;2M:inherit`), but shells and boot loaders end a command at
 * its semicolons. Source: docs/khugepaged.md#sysfs.
 */
export function bootParameters(
  settings: ThpSettings,
  kernelRelease: string,
  geometry: Geometry,
): BootParameters {
  const before = defaultSettings(geometry);
  const orders = ordersOf(anonOrders(geometry));
  const changed = orders.filter((order) => wordAt(settings, order) !== wordAt(before, order));
  const canSaySizes = releasesOf(kernelRelease).every((each) => !isBefore(each, FIRST_THP_ANON_SERIES));
  const sizes =
    changed.length === 0 || !canSaySizes
      ? []
      : SIZE_WORDS.flatMap((word) => {
          const list = sizeList(
            orders.filter((order) => wordAt(settings, order) === word),
            geometry,
          );
          // What is never needs no word, unless there would be no thp_anon at all.
          return list === '' || (word === 'never' && orders.some((order) => wordAt(settings, order) !== word))
            ? []
            : [`thp_anon=${list}:${word}`];
        });
  const unsaidSizes = canSaySizes ? [] : changed;
  return {
    parameters: [`transparent_hugepage=${settings.enabled}`, ...sizes],
    unsaid: [
      ...unsaidSizes.map((order) => ({
        path: `${THP_FOLDER}/${sizeFolder(orderBytes(order, geometry))}/enabled`,
        value: wordAt(settings, order),
      })),
      ...LIMITS.filter((key) => settings[key] !== before[key]).map((key) => ({
        path: `${THP_FOLDER}/khugepaged/${LIMIT_FILES[key]}`,
        value: String(settings[key]),
      })),
    ],
  };
}

function wordAt({ sizes }: ThpSettings, order: Order): SizeWord {
  return sizes.get(order) ?? 'never';
}

/** Sizes as `thp_anon=` takes them: "16K-64K,2M". */
function sizeList(orders: readonly Order[], geometry: Geometry): string {
  return numberRuns(orders)
    .map((run) => formatRun(run, (order) => formatBytes(orderBytes(order, geometry))))
    .join(',');
}
