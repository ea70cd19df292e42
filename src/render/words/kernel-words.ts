import type { ReadOn } from '../../analysis/reading/read-on.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { printable } from './printable.ts';

/** How a command is told whose khugepaged to ask. */
type KernelFlag = '--kernel' | '-L kernel';

/**
 * Who decides, as the subject of a sentence: "Linux 6.18, which runs here," or "Linux 7.3 (--kernel)". The
 * rules are named where the kernel is not the one that they were taken from.
 */
export function kernelWords(
  model: KernelModel,
  readOn: ReadOn | undefined,
  flag: KernelFlag = '--kernel',
): string {
  if (readOn === undefined) return kernelName(model);
  const { kernels, newest, release, runsHere } = readOn;
  if (kernels.every((each) => each.model === undefined) && model.name === newest.name)
    return `${kernelName(model)} (the newest: "${printable(release)}", on which it was read, is no release of Linux)`;
  if (kernels.some((each) => each.model?.name !== model.name)) return `${kernelName(model)} (${flag})`;
  const names = [...new Set(kernels.map(({ series }) => `Linux ${series}`))];
  const where = runsHere ? 'which runs here' : 'on which it was read';
  const rules = names.every((name) => name === kernelName(model)) ? '' : ` (rules of ${model.name})`;
  return `${names.join(' and ')}, ${where}${rules},`;
}

/** A model's name in a sentence: "Linux 7.3" for linux-7.3, and v18 as it is. */
function kernelName({ name }: KernelModel): string {
  return name.replace(/^linux-/, 'Linux ');
}

/**
 * What else could be asked, where khugepaged has the PMD size only or was asked as if it had more: a line,
 * else undefined.
 */
export function otherKernelLine(
  model: KernelModel,
  { kernels, newest }: ReadOn,
  geometry: Geometry,
  flag: KernelFlag = '--kernel',
): string | undefined {
  const pmdSize = formatSize(pagesPerRange(geometry), geometry);
  if (model.pmdOrderOnly)
    return `its khugepaged collapses to ${pmdSize} only; ${flag} ${newest.name} asks the newest, which collapses to all sizes`;
  const [first] = kernels;
  // Where several kernels differ, none is asked without the flag.
  const isOne = kernels.every((each) => each.model?.name === first.model?.name);
  if (!isOne || !first.model?.pmdOrderOnly) return undefined;
  return `the memory was read on Linux ${first.series}, whose khugepaged collapses to ${pmdSize} only: without ${flag} it is asked`;
}
