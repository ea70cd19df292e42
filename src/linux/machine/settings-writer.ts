import { accessSync, constants, writeFileSync } from 'node:fs';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/** What a file of THP settings holds: the word in brackets, or its number. */
export function readThpSetting(tree: KernelTree, file: string): Result<string> {
  const read = readKernelFile(tree.thp(file));
  if (!read.ok) return read;
  return succeed(/\[([^\]]*)\]/.exec(read.value)?.[1] ?? read.value);
}

/** Whether this user may write a file of THP settings. */
export function mayWriteThpSetting(tree: KernelTree, file: string): boolean {
  try {
    accessSync(tree.thp(file), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Writes a file of THP settings, and fails unless the kernel holds that value then. */
export function writeThpSetting(tree: KernelTree, file: string, value: string): Result<void> {
  const path = tree.thp(file);
  try {
    writeFileSync(path, value);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return fail(code === 'EACCES' || code === 'EPERM' ? 'permission' : 'unsupported', `${path}: ${message}`);
  }
  const now = readThpSetting(tree, file);
  if (!now.ok) return now;
  if (now.value === value) return succeed(undefined);
  return fail('unsupported', `${path}: holds ${now.value} after ${value} was written`);
}
