import { isNewerThanModels, NEWEST_MODEL } from '../../core/rules/kernel-release.ts';
import type { BootableKernel } from './kernels.ts';

/**
 * What is queued for 7.4, as the titles of its patches say. No kernel with it was asked, and no model has it:
 * whoever has one corrects this and docs/khugepaged.md#when-74-comes.
 */
const QUEUED = [
  'collapses are counted where khugepaged makes them and not per range (pages_collapsed)',
  'possible orders are worked out once per VMA',
  'a page table is scanned apart from its collapse',
  'MADV_COLLAPSE is in madvise.c',
];

/** What is to be said of a kernel that is newer than every model; undefined of all others. */
export function newerKernelNote({
  name,
  version,
}: Pick<BootableKernel, 'name' | 'version'>): string | undefined {
  if (!isNewerThanModels(version)) return undefined;
  return `${name} is Linux ${version}, newer than every model: it is compared with ${NEWEST_MODEL.name}. Queued for 7.4 and not modelled: ${QUEUED.join('; ')}`;
}
