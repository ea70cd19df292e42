import { execFileSync } from 'node:child_process';
import { test } from 'vitest';

test('the committed bytes are what bitmaps.wat assembles to', () => {
  execFileSync(process.execPath, ['scripts/assemble-bitmaps.mjs', '--check']);
});
