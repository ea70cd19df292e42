// Compiles src into dist and builds the web app, from nothing, so that no file of an earlier build stays behind.
import './require-node.mjs';
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
  { stdio: 'inherit' },
);
if (status !== 0) process.exit(status ?? 1);
chmodSync('dist/cli/main.js', 0o755);
await import('./man.mjs');
await import('./build-web.mjs');
