import { expect, test } from 'vitest';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { cpuOfText, readCpu } from '../../src/linux/machine/cpu.ts';

const AMD = `processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC 9B14
stepping\t: 1
cpu MHz\t\t: 2596.142

processor\t: 1
vendor_id\t: GenuineIntel
`;

const ARM = `processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd evtstrm aes
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1
`;

const POWER = `processor\t: 0
cpu\t\t: POWER9 (architected), altivec supported
clock\t\t: 1000.000000MHz
revision\t: 2.2 (pvr 004e 1202)
`;

test('each architecture names its fields in its own way; the first processor counts', () => {
  expect(cpuOfText('x86_64', AMD)).toEqual({
    architecture: 'x86_64',
    vendor: 'AuthenticAMD',
    family: 25,
    modelName: 'AMD EPYC 9B14',
  });
  expect(cpuOfText('aarch64', ARM)).toEqual({ architecture: 'aarch64', vendor: '0x41' });
  expect(cpuOfText('ppc64le', POWER)).toEqual({
    architecture: 'ppc64le',
    modelName: 'POWER9 (architected), altivec supported',
  });
});

test('what is not there, empty or no number is not known', () => {
  expect(cpuOfText('s390x', '')).toEqual({ architecture: 's390x' });
  expect(cpuOfText('x86_64', 'vendor_id\t: \ncpu family\t: x\nmodel name\t:\n')).toEqual({
    architecture: 'x86_64',
  });
});

test.runIf(process.platform === 'linux')('the processor of this machine has an architecture', () => {
  expect(readCpu(RUNNING_KERNEL).architecture).not.toBe('');
});
