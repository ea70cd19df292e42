import type { Context } from '../context.ts';
import type { CFlags } from '../flags/c-flags.ts';
import { makePrivateFolder } from '../output/private-folder.ts';
import type { CBuildOptions } from './compiler.ts';

/** What the flags and the environment say of compiling, in a folder of its own. */
export function cBuildOptions(context: Context, flags: CFlags): CBuildOptions {
  return {
    cc: flags.cc ?? (context.process.env.CC || 'cc'),
    function: flags.function,
    folder: makePrivateFolder(context),
  };
}
