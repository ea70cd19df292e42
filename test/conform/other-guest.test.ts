import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bootGuest } from '../../src/conform/guest/guest.ts';
import { GUEST_MACHINES } from '../../src/conform/guest/guest-machines.ts';
import { type BootableKernel, buildInitramfs, compileProbe } from '../../src/conform/guest/kernels.ts';
import { kernelCache } from '../../src/conform/guest/lab.ts';
import { runSuite } from '../../src/conform/suite-run.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { valueOf } from '../support/ranges.ts';
import { seed } from '../support/seed.ts';

const machine = GUEST_MACHINES.ppc64el;
const name = '7.2-ppc64';
/** Fetched by `thpscope conform --kernel 7.2-ppc64`; a test installs nothing on anybody's machine. */
const path = join(kernelCache(), name, 'vmlinuz');
const missing = [
  ...(existsSync(path) ? [] : [path]),
  ...[machine.qemu, machine.compiler].filter((program) => !isInstalled(program)),
];
if (missing.length > 0)
  console.warn(`no kernel of another machine is booted, for want of ${missing}: kernel-lab/other-machine.sh`);

function isInstalled(program: string): boolean {
  try {
    execFileSync('which', [program]);
    return true;
  } catch {
    return false;
  }
}

test.runIf(missing.length === 0)('a kernel with pages of 64K does what the model says', async () => {
  const kernel: BootableKernel = {
    name,
    version: '7.2',
    path,
    machine,
    modules: [],
    model: KERNEL_MODELS['linux-7.2'],
  };
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-other-guest-'));
  try {
    const probe = valueOf(await compileProbe(folder, machine));
    const initramfs = buildInitramfs(probe, kernel, folder);
    const guest = valueOf(await bootGuest(path, initramfs, folder, machine));
    const options = { ranges: 40, seed };
    for (const suite of ['plain', 'fault'] as const) {
      const counted = valueOf(await runSuite(guest, kernel, suite, options, () => {}));
      expect(counted).toMatchObject({ of: 40, lasting: 0 });
    }
    await guest.stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
