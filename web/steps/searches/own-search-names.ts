import { signal } from '@preact/signals';

/** A module that was opened, under the name of its file. */
export interface OwnSearch {
  readonly name: string;
  /** What runs in its worker. */
  readonly script: string;
}

/** The modules that were opened in this page. */
export const ownSearches = signal<ReadonlyMap<string, OwnSearch>>(new Map());

/** Whether a name is that of a module in a file, opened here or not. */
export function isModuleName(name: string): boolean {
  return /\.m?js$/.test(name);
}
