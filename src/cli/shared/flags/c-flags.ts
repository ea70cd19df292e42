import { optionalText } from './flag-kinds.ts';

/** How C files are compiled: for every command that takes an algorithm of somebody's. */
export type CFlags = { readonly cc?: string; readonly function?: string };

export const cFlags = {
  cc: optionalText('COMMAND', 'The compiler of C files; by default CC of the environment, or cc'),
  function: optionalText(
    'NAME',
    'The function of a C file that searches; by default mthp_collapse or collapse_scan_bitmap',
  ),
} as const;
