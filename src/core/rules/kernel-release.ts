import { isBefore, seriesOf } from '../base/release.ts';
import { KERNEL_MODELS, type KernelModel } from './kernel-model.ts';
import { modelNameOfRelease } from './kernel-names.ts';

/** The newest kernel with a model: asked about memory that was read on none. */
export const NEWEST_MODEL: KernelModel = KERNEL_MODELS['linux-7.3'];

/** The series of the newest model. */
const NEWEST_SERIES = [7, 3] as const;

/** Whether a kernel release is of a later series than all models: the newest answers for it. */
export function isNewerThanModels(release: string): boolean {
  const [major, minor] = NEWEST_SERIES;
  return seriesOf(release).every((part) => !Number.isNaN(part)) && !isBefore(release, [major, minor + 1]);
}

/**
 * The model of a kernel release as uname prints it, distribution suffix and release candidates included
 * ("6.18.44-cloud-amd64", "7.3.0-rc1"). A release newer than all models has the newest; undefined for a text
 * that begins with no version.
 */
export function modelOfRelease(release: string): KernelModel | undefined {
  const name = modelNameOfRelease(release);
  return name && KERNEL_MODELS[name];
}

/** The releases of machines that are taken together, each once: a text that `releasesOf` takes apart. */
export function joinReleases(releases: readonly string[]): string {
  return [...new Set(releases.flatMap(releasesOf))].join(', ');
}

/** The releases that memory was read on: one, or those of several machines. */
export function releasesOf(kernelRelease: string): string[] {
  return kernelRelease.split(', ');
}
