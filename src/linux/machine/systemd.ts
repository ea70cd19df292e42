import { existsSync, readdirSync } from 'node:fs';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/**
 * The version of systemd that runs this machine, by the name of the library that its programs share;
 * undefined where another one runs it, or none is found. Source: sd_booted(3).
 */
export function readSystemdVersion(tree: KernelTree): number | undefined {
  if (!existsSync(tree.absolute('/run/systemd/system'))) return undefined;
  const usr = tree.absolute('/usr/lib');
  const folders = [
    usr,
    tree.absolute('/usr/lib64'),
    tree.absolute('/lib'),
    // Where libraries lie by architecture, as on Debian.
    ...list(usr).map((name) => `${usr}/${name}`),
  ];
  const versions = folders
    .flatMap((folder) => list(`${folder}/systemd`))
    .map((name) => Number(/^libsystemd-shared-(\d+)[^/]*\.so$/.exec(name)?.[1]))
    .filter((version) => version > 0);
  return versions.length === 0 ? undefined : Math.max(...versions);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
