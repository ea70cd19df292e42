import { isSea } from 'node:sea';
import { packagePath } from './assets.ts';

/** Whether this is the single executable, which has Node in it and is no Node to others. */
export function isExecutable(): boolean {
  return isSea();
}

/** How this command line is started, without its words: by Node, or as the executable that has Node in it. */
export function ownCommand(): string[] {
  return isExecutable() ? [process.execPath] : [process.execPath, packagePath('dist/cli/main.js')];
}
