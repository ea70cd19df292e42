import { readFileSync } from 'node:fs';
import { packagePath } from '../assets.ts';

/** The version of this package. */
export function readVersion(): string {
  return JSON.parse(readFileSync(packagePath('package.json'), 'utf8')).version;
}
