import { createContext, Script } from 'node:vm';

/** Longer than any step takes that comes back at all. */
const DEADLINE_MS = 5_000;

const CALL = new Script('step()');

/** Thrown when a step does not come back in time. */
export class HangError extends Error {}

/**
 * Runs a synchronous step that may loop for ever. Node can end such code only when it is entered through `vm`; everything that
 * the step calls is ended with it.
 */
export function withDeadline<T>(step: () => T): T {
  try {
    return CALL.runInContext(createContext({ step }), { timeout: DEADLINE_MS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new HangError();
    throw error;
  }
}
