import { FIRST_MTHP_SERIES, isBefore, seriesOf } from '../../core/base/release.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { modelOfRelease, NEWEST_MODEL, releasesOf } from '../../core/rules/kernel-release.ts';
import { printable } from './printable.ts';

/** The kernel that memory was read on. */
export interface ReadOn {
  /** As uname prints it; of several machines all of theirs: see kernel-release.ts. */
  readonly release: string;
  /** Memory of this machine, and not a recording. */
  readonly runsHere: boolean;
}

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
  const releases = releasesOf(readOn.release);
  const models = releases.map(modelOfRelease);
  if (models.every((each) => each === undefined) && model === NEWEST_MODEL)
    return `${kernelName(model)} (the newest: "${printable(readOn.release)}", on which it was read, is no release of Linux)`;
  if (models.some((each) => each?.name !== model.name)) return `${kernelName(model)} (${flag})`;
  const names = [...new Set(releases.map((release) => `Linux ${seriesOf(release).join('.')}`))];
  const where = readOn.runsHere ? 'which runs here' : 'on which it was read';
  const rules = names.every((name) => name === kernelName(model)) ? '' : ` (rules of ${model.name})`;
  return `${names.join(' and ')}, ${where}${rules},`;
}

/** A model's name in a sentence: "Linux 7.3" for linux-7.3, and v18 as it is. */
export function kernelName({ name }: KernelModel): string {
  return name.replace(/^linux-/, 'Linux ');
}

/**
 * What else could be asked, where khugepaged has the PMD size only or was asked as if it had more: a line,
 * else undefined.
 */
export function otherKernelLine(
  model: KernelModel,
  readOn: ReadOn | undefined,
  geometry: Geometry,
  flag: KernelFlag = '--kernel',
): string | undefined {
  const pmdSize = formatSize(pagesPerRange(geometry), geometry);
  if (model.pmdOrderOnly)
    return `its khugepaged collapses to ${pmdSize} only; ${flag} ${NEWEST_MODEL.name} asks the newest, which collapses to all sizes`;
  const older = readOn && releasesOf(readOn.release).find((each) => isBefore(each, FIRST_MTHP_SERIES));
  if (older === undefined) return undefined;
  return `the memory was read on Linux ${seriesOf(older).join('.')}, whose khugepaged collapses to ${pmdSize} only: without ${flag} it is asked`;
}
