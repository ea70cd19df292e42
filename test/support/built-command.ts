import { resolve } from 'node:path';

/**
 * The command that tests start: with THPSCOPE_COMMAND a program such as the single executable, else what was
 * built, by this Node.
 */
const { THPSCOPE_COMMAND } = process.env;

/** Whether the tests are of what was built here, which they may then also load as a module. */
export const IS_BUILT_HERE = THPSCOPE_COMMAND === undefined;

/** What is started. */
export const PROGRAM = THPSCOPE_COMMAND === undefined ? process.execPath : resolve(THPSCOPE_COMMAND);

/** The words that come before those of thpscope. */
export const SCRIPT: readonly string[] = IS_BUILT_HERE ? [resolve('dist/cli/main.js')] : [];

/** Both for a shell; their paths have no spaces. */
export const SHELL_COMMAND = [PROGRAM, ...SCRIPT].join(' ');
