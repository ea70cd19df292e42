import { type Context, createContext, Script } from 'node:vm';

/** How long algorithms of other people may take, in milliseconds. */
export interface Deadlines {
  /** For one step. */
  readonly step: number;
  /** For the worker to say something. */
  readonly silence: number;
  /** For one case, while the case that hangs is made smaller. */
  readonly case: number;
}

/**
 * Longer than any step takes that comes back at all, and than a worker keeps silent unless a module hangs
 * while it is loaded.
 */
export const DEADLINES: Deadlines = { step: 5_000, silence: 15_000, case: 250 };

const ROOM: { step?: () => unknown } = {};
/** Made once: they cost more than most steps. */
let room: Context | undefined;
let call: Script | undefined;

/** Thrown when a step does not come back in time. */
export class HangError extends Error {}

/**
 * Runs a synchronous step that may loop for ever, for at most `timeout` milliseconds. Node can end such code
 * only when it is entered through `vm`; everything that the step calls is ended with it.
 */
export function withDeadline<T>(timeout: number, step: () => T): T {
  room ??= createContext(ROOM);
  call ??= new Script('step()');
  ROOM.step = step;
  try {
    return call.runInContext(room, { timeout });
  } catch (error) {
    // Whatever a module throws: null, too.
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new HangError();
    throw error;
  }
}
