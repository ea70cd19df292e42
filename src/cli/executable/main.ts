// The entry of the single executable: puts the package that it carries where it can be loaded from, and runs
// its command line. scripts/packaging/executable.mjs builds it.
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRawAsset } from 'node:sea';
import { exitCodeOf } from '../shared/exit-code.ts';
import { cacheFolders } from './cache-folder.ts';
import { placePackage } from './place-package.ts';

const asset = (name: string) => new Uint8Array(getRawAsset(name) as ArrayBuffer);

const user = { uid: process.geteuid?.() ?? 0, home: homedir(), temporary: tmpdir() };
const placed = placePackage(
  { ...JSON.parse(Buffer.from(asset('package-files.json')).toString()), contentOf: asset },
  cacheFolders(process.env, user),
  user.uid,
  canLoad,
);
if (placed.ok) {
  createRequire(join(placed.value, 'package.json'))('./dist/cli/main.js');
} else {
  process.stderr.write(`thpscope: ${placed.failure.message}\n`);
  process.exitCode = exitCodeOf(placed.failure.kind);
}

/** Whether a library of Node can be loaded: not from a file system that is mounted noexec. */
function canLoad(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library);
    return true;
  } catch {
    return false;
  }
}
