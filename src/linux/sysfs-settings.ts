import { fail, type Result, succeed } from '../core/base/failure.ts';
import { LIMIT_FILES, sizeFolder, THP_FOLDER } from '../core/base/sysfs.ts';
import { type Geometry, orderBytes } from '../core/memory/geometry.ts';
import { anonOrders, type Order, ordersOf } from '../core/memory/order.ts';
import {
  SIZE_WORDS,
  type SizeWord,
  type ThpSettings,
  TOP_LEVEL_WORDS,
  type TopLevelWord,
} from '../core/rules/thp-settings.ts';
import { readKernelFile } from './kernel-file.ts';

/** The THP settings in force. Fails as unsupported where the kernel has no transparent huge pages. */
export function readThpSettings(geometry: Geometry, root = THP_FOLDER): Result<ThpSettings> {
  const enabled = readKernelFile(`${root}/enabled`);
  if (!enabled.ok) {
    return fail(
      'unsupported',
      `no transparent huge pages here (${root}/enabled cannot be read); choose --policy default`,
    );
  }
  const sizes = new Map<Order, SizeWord>();
  for (const order of ordersOf(anonOrders(geometry))) {
    const file = readKernelFile(`${root}/${sizeFolder(orderBytes(order, geometry))}/enabled`);
    if (file.ok) sizes.set(order, chosenWord(file.value, SIZE_WORDS));
    // Before Linux 6.8 only the PMD size existed and followed the top level.
    else if (order === geometry.pmdOrder) sizes.set(order, 'inherit');
  }
  return succeed({
    enabled: chosenWord(enabled.value, TOP_LEVEL_WORDS),
    sizes,
    maxPtesNone: readNumber(`${root}/khugepaged/${LIMIT_FILES.maxPtesNone}`),
    maxPtesSwap: readNumber(`${root}/khugepaged/${LIMIT_FILES.maxPtesSwap}`),
    maxPtesShared: readNumber(`${root}/khugepaged/${LIMIT_FILES.maxPtesShared}`),
  });
}

/** The word in brackets of a line such as "always [madvise] never"; `never` if there is none that we know. */
function chosenWord<Word extends TopLevelWord | SizeWord>(line: string, words: readonly Word[]): Word {
  const chosen = /\[(\w+)\]/.exec(line)?.[1];
  return words.find((word) => word === chosen) ?? ('never' as Word);
}

function readNumber(path: string): number {
  const file = readKernelFile(path);
  return file.ok ? Number(file.value) : 0;
}
