import { createRequire, register } from 'node:module';
import { threadScript } from '../../assets.ts';

/** Whether this Node reads TypeScript, or can be made to: 22.18 and later do. */
export function readTypeScript(): boolean {
  if ((process.features as { typescript?: unknown }).typescript) return true;
  try {
    createRequire(import.meta.url).resolve('@swc/wasm-typescript');
  } catch {
    // An optional dependency, which may have been left out.
    return false;
  }
  register(threadScript('type-stripping-hooks'));
  return true;
}
