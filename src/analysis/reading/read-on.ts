import { seriesOf } from '../../core/base/release.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { modelOfRelease, NEWEST_MODEL, releasesOf } from '../../core/rules/kernel-release.ts';

/** The kernel that memory was read on, of several machines all of theirs. */
export interface ReadOn {
  /** As uname prints it; several are joined: see kernel-release.ts. */
  readonly release: string;
  /** Memory of this machine, and not a recording. */
  readonly runsHere: boolean;
  /** Each release by its series ("6.18"), with its model: undefined for a text that is no release. */
  readonly kernels: readonly { readonly series: string; readonly model: KernelModel | undefined }[];
  /** What could be asked instead of an older one. */
  readonly newest: KernelModel;
}

export function readOnKernel(release: string, runsHere: boolean): ReadOn {
  const kernels = releasesOf(release).map((each) => ({
    series: seriesOf(each).join('.'),
    model: modelOfRelease(each),
  }));
  return { release, runsHere, kernels, newest: NEWEST_MODEL };
}
