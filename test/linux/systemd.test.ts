import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { readSystemdVersion } from '../../src/linux/machine/systemd.ts';
import { kernelTree } from '../support/kernel-tree.ts';

const BOOTED = { 'run/systemd/system/.keep': '' };

test.each([
  ['Debian 12', 'usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so', 252],
  ['Fedora 42', 'usr/lib64/systemd/libsystemd-shared-257.5-6.fc42.so', 257],
  ['RHEL 9', 'usr/lib/systemd/libsystemd-shared-252.so', 252],
  ['a release candidate', 'usr/lib/systemd/libsystemd-shared-260~rc2-1.so', 260],
])('the version of systemd is in the name of its library: %s', (_, path, version) => {
  expect(readSystemdVersion(kernelTree({ ...BOOTED, [path]: '' }))).toBe(version);
});

test('systemd that does not run the machine, and what is not found, is not known', () => {
  const library = { 'usr/lib/systemd/libsystemd-shared-252.so': '' };
  expect(readSystemdVersion(kernelTree(library))).toBe(undefined);
  expect(readSystemdVersion(kernelTree(BOOTED))).toBe(undefined);
});

test.skipIf(!existsSync('/run/systemd/system'))('this machine says the same as systemctl', () => {
  const { stdout } = spawnSync('systemctl', ['--version'], { encoding: 'utf8' });
  expect(readSystemdVersion(RUNNING_KERNEL)).toBe(Number(/^systemd (\d+)/.exec(stdout)?.[1]));
});
