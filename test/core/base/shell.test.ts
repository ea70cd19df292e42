import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellCommand } from '../../../src/core/base/shell.ts';

test('plain words stay as they are', () => {
  expect(shellCommand(['thpscope', 'verify', 'a/b-1.js', '--outcome', '7-9=SCAN_FAIL'])).toBe(
    'thpscope verify a/b-1.js --outcome 7-9=SCAN_FAIL',
  );
});

test('a shell reads the words back', () => {
  const words = ['it is', "it's", '', '$HOME', 'a;b', '`id`', '*', 'a\nb', '"', '\\'];
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${shellCommand(words)}`], { encoding: 'utf8' });
  expect(stdout.split('\0').slice(0, -1)).toEqual(words);
});
