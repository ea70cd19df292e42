import { spawnSync } from 'node:child_process';

/** Whether searches in C can be compiled here; tests of them are skipped elsewhere. */
export const hasCompiler = spawnSync('cc', ['--version']).status === 0;
