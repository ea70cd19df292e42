import { expect, test } from 'vitest';
import { thpscope } from '../support/thpscope.ts';

test.each([
  [
    '--kernel 7.9',
    5,
    "cannot read the kernel '7.9'; give 7.2, 7.3, 7.2-arm64, 7.3-arm64, 7.2-arm64-16k, 7.3-arm64-16k, 7.2-ppc64, 7.3-ppc64 or the path of a vmlinuz",
  ],
  ['--kernel package.json', 5, "'package.json' is no bootable x86 kernel (bzImage)"],
  ['--suite everything', 2, 'everything'],
  [
    '--kernel 7.3-arm64 --suite live',
    2,
    'runs programs of this machine in the guest: give a kernel of x86-64',
  ],
  ['--kernel 7.2-ppc64 --suite live', 2, 'give a kernel of x86-64'],
  ['--kernel 7.3-arm64 --suite shared', 2, '--suite shared is made for x86-64: give a kernel of it'],
  ['--suite files --algorithm walk', 2, '--suite files asks about no search'],
  ['--ranges many', 2, 'many'],
])('conform %s is refused before anything is booted', async (flags, code, message) => {
  const run = await thpscope(['conform', ...flags.split(' ')]);
  expect(run).toMatchObject({ code, stdout: '' });
  expect(run.stderr).toContain(message);
});
