import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { KERNEL_MODELS, type KernelModel } from '../../../core/rules/kernel-model.ts';
import type { KernelModelName } from '../../../core/rules/kernel-names.ts';
import { modelOfRelease, NEWEST_MODEL, releasesOf } from '../../../core/rules/kernel-release.ts';

/**
 * The kernel that a command asks: as --kernel says, else the one that the memory was read on, and the newest
 * for memory that was read on none. Fails for memory of kernels with different models: one answer cannot be
 * that of both.
 */
export function kernelAsked(
  flag: KernelModelName | undefined,
  readOn: string | undefined,
): Result<KernelModel> {
  if (flag !== undefined) return succeed(KERNEL_MODELS[flag]);
  if (readOn === undefined) return succeed(NEWEST_MODEL);
  const releases = releasesOf(readOn);
  const models = new Set(releases.map((release) => modelOfRelease(release) ?? NEWEST_MODEL));
  const [model, ...others] = models;
  if (others.length === 0) return succeed(model);
  const flags = [...models].map(({ name }) => `--kernel ${name}`);
  return fail(
    'usage',
    `the memory was read on Linux ${releases.join(' and ')}, whose khugepaged differ: say which to ask, ${flags.join(' or ')}`,
  );
}
