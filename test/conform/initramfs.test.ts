import { expect, test } from 'vitest';
import { initramfsOf } from '../../src/conform/guest/initramfs.ts';

const file = (name: string, text: string) => ({ name, content: Buffer.from(text) });

/** Names in a newc archive, in order. */
function namesIn(archive: Uint8Array): string[] {
  const text = Buffer.from(archive).toString('latin1');
  return [...text.matchAll(/070701[0-9a-f]{104}([^\0]+)\0/g)].map(([, name]) => name);
}

test('folders come before what is in them, and a library of two programs is packed once', () => {
  const library = file('lib/x/libc.so', 'library');
  const files = [file('init', 'first'), library, file('bin/node', 'program'), library];
  expect(namesIn(initramfsOf(files))).toEqual([
    'bin',
    'lib',
    'lib/x',
    'init',
    'lib/x/libc.so',
    'bin/node',
    'TRAILER!!!',
  ]);
});
