import type { Failure } from '../../../core/base/failure.ts';

/** Far more than a search or a proof of one takes; and so little that V8 notices in time. */
const MOST_MEGABYTES = 256;

/** What a thread with a module of somebody's may have. Buffers do not count: its deadline bounds them. */
export const MODULE_LIMITS = { maxOldGenerationSizeMb: MOST_MEGABYTES, maxYoungGenerationSizeMb: 16 };

/** Why a thread of modules was ended by an error, in a sentence about them. */
export function threadFailure(modules: string, error: Error): Failure {
  const isMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
  const what = isMemory ? ` takes more than ${MOST_MEGABYTES} MB of memory` : `: ${error.message}`;
  return { kind: 'unreadable', message: `${modules}${what}` };
}
