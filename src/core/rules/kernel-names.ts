// Names alone, without imports: the command line offers them, and loads the models only to run.

/**
 * The models that a digest answers for: what they make of max_ptes_none is no matter of single ranges
 * (docs/digest.md).
 */
export const SWEPT_KERNEL_NAMES = ['linux-7.3', 'linux-7.2', 'linux-6.18', 'linux-6.6', 'v18'] as const;

export type SweptKernelName = (typeof SWEPT_KERNEL_NAMES)[number];

/** All kernel models: see kernel-model.ts. */
export const KERNEL_MODEL_NAMES = [...SWEPT_KERNEL_NAMES, 'scaled', 'capped'] as const;

export type KernelModelName = (typeof KERNEL_MODEL_NAMES)[number];

/** The first series that a model answers for, the newest first; what is older has the last. */
const FIRST_SERIES = [
  ['linux-7.3', 7, 3],
  ['linux-7.2', 7, 2],
  ['linux-6.18', 6, 8],
] as const;

/**
 * The name of the model of a kernel release, as `modelOfRelease` has it: "linux-6.18" of "6.18.44-amd64".
 * Undefined for a text that begins with no version.
 */
export function modelNameOfRelease(release: string): KernelModelName | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release)?.map(Number) ?? [];
  if (major === undefined) return undefined;
  const of = FIRST_SERIES.find(([, first, then]) => major > first || (major === first && minor >= then));
  return of?.[0] ?? 'linux-6.6';
}
