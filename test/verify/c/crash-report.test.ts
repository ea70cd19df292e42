import { expect, test } from 'vitest';
import { crashSentence } from '../../../src/verify/c/crash-report.ts';

const DIED = { signal: undefined, status: 86 };

test.each([
  [
    'd/a.c:5:3: runtime error: shift exponent -1 is negative',
    'does what C leaves undefined at d/a.c:5: shift exponent -1 is negative',
  ],
  [
    "c-walk/bits.h:73:40: runtime error: load of address 0x55 with insufficient space for an object of type 'int'\n    #0 0x1 in test_bit c-walk/bits.h:73\n    #1 0x2 in f d/a.c:9",
    'reads beyond the end of what it has at d/a.c:9',
  ],
  [
    "d/a.c:2:1: runtime error: store to address 0x55 with insufficient space for an object of type 'int'",
    'writes beyond the end of what it has at d/a.c:2',
  ],
  [
    '==1==ERROR: AddressSanitizer: stack-buffer-overflow on address 0x7f\nWRITE of size 1 at 0x7f\n    #0 0x5 in f d/a.c:7',
    'writes beyond the end of what it has at d/a.c:7',
  ],
  [
    '==1==ERROR: AddressSanitizer: SEGV on unknown address 0x8\n==1==The signal is caused by a WRITE memory access.\n    #0 0x5 in f d/a.c:4',
    'writes where no memory is at d/a.c:4',
  ],
  [
    '==1==ERROR: AddressSanitizer: stack-overflow on address 0x7f\n    #0 0x5 in r d/a.c:1',
    'overflows its stack: it calls itself too often at d/a.c:1',
  ],
  [
    '==1==ERROR: AddressSanitizer: out of memory: allocator is trying to allocate 0x1 bytes',
    'asks for too much memory',
  ],
  [
    '==1==ERROR: AddressSanitizer: odd-thing on address 0x7f',
    'does what C leaves undefined: odd-thing on address 0x7f',
  ],
])('%s', (printed, sentence) => {
  expect(crashSentence('d/a.c', printed, DIED)).toBe(sentence);
});

test('without a report it is how the process ended', () => {
  expect(crashSentence('a.c', '', { signal: 11, status: 0 })).toBe('crashes: SIGSEGV');
  expect(crashSentence('a.c', '', { signal: 64, status: 0 })).toBe('crashes: signal 64');
  expect(crashSentence('a.c', 'hello', { signal: undefined, status: 3 })).toBe(
    'ends the process with status 3',
  );
});
