#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { run } from '@stricli/core';
import { buildThpscope } from './app.ts';
import { EXIT } from './exit-code.ts';

// A reader such as `head` may close stdout early; that ends the work and is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
await run(buildThpscope(version), process.argv.slice(2), { process });

// Stricli reports bad usage with negative codes.
if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = EXIT.usage;
