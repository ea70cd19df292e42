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
