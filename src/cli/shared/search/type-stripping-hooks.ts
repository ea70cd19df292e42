import { readFile } from 'node:fs/promises';
import type { LoadHook } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/wasm-typescript';

/** Loads TypeScript as Node 22.18 and later do, for those before: types become blanks, so lines stay. */
export const load: LoadHook = async (url, context, nextLoad) => {
  if (!/^file:.*\.[cm]?ts(?:\?.*)?$/.test(url)) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const source = stripped(await readFile(path, 'utf8'), basename(path));
  return { format: /\.cts(?:\?|$)/.test(url) ? 'commonjs' : 'module', source, shortCircuit: true };
};

function stripped(text: string, name: string): string {
  try {
    return transformSync(text, { mode: 'strip-only', filename: name }).code;
  } catch (error) {
    // The library throws what is no Error.
    const { message, startLine } = error as { message?: string; startLine?: number };
    throw new Error(`${message ?? String(error)}, in ${name}${startLine ? `:${startLine}` : ''}`);
  }
}
