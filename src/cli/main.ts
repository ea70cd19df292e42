#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { proposeCompletions, run } from '@stricli/core';
import { buildThpscope } from './app.ts';
import { EXIT } from './exit-code.ts';

// A reader such as `head` may close stdout early; that ends the work and is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const thpscope = buildThpscope(version);
const words = process.argv.slice(2);
if (words[0] === '__complete') {
  // What `thpscope completion` has shells ask: one proposal a line.
  const proposals = await proposeCompletions(thpscope, words.slice(1), { process });
  process.stdout.write(proposals.map(({ completion }) => `${completion}\n`).join(''));
} else {
  await run(thpscope, words, { process });
}

// Stricli reports bad usage with negative codes.
if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = EXIT.usage;
