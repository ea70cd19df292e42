import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { openKernel } from '../../src/conform/guest/kernels.ts';
import { newerKernelNote } from '../../src/conform/guest/newer-kernel.ts';
import { valueOf } from '../support/ranges.ts';
import { thpscope } from '../support/thpscope.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-kernels-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** Tools that boot nothing: a compiler that writes an empty program, a QEMU that ends at once. */
function putTools(): void {
  const program = (name: string, script: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  program('cc', 'for last; do :; done; : > "$last"');
  program('qemu-system-x86_64', 'exit 1');
  program('xz', 'exit 1');
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
}

/** The head of a bzImage that states a version. */
function imageOf(version: string): Buffer {
  const image = Buffer.alloc(0x2000);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x1000 - 0x200, 0x20e);
  image.write(`${version} (somebody@somewhere) #1 SMP\0`, 0x1000, 'latin1');
  return image;
}

test.each([
  ['6.18.44', 'unsupported', /is Linux 6\.18\.44: khugepaged collapses to more than one size from 7\.2 on$/],
  ['7.1.0-rc3', 'unsupported', /is Linux 7\.1\.0-rc3/],
])('refuses Linux %s, which collapses to one size', async (version, kind, message) => {
  const path = join(folder, version);
  writeFileSync(path, imageOf(version));
  expect(await openKernel(path)).toMatchObject({
    ok: false,
    failure: { kind, message: expect.stringMatching(message) },
  });
});

test('refuses what is not a kernel, and what is not there', async () => {
  const path = join(folder, 'text');
  writeFileSync(path, 'no kernel');
  for (const [file, message] of [
    [path, /is no bootable x86 kernel/],
    [
      join(folder, 'missing'),
      /cannot read the kernel .*; give 7\.2, 7\.3, 7\.2-arm64, 7\.3-arm64, 7\.2-arm64-16k, 7\.3-arm64-16k, 7\.2-ppc64, 7\.3-ppc64 or the path of a vmlinuz/,
    ],
    [folder, /cannot read the kernel/],
  ] as const) {
    const failure = { kind: 'unreadable', message: expect.stringMatching(message) };
    expect(await openKernel(file)).toMatchObject({ ok: false, failure });
  }
});

test.each([
  ['7.2.13+deb14-amd64', 'linux-7.2', false],
  ['7.3.4', 'linux-7.3', false],
  ['7.4.0-rc1', 'linux-7.3', true],
  ['8.0.0', 'linux-7.3', true],
])('Linux %s is compared with %s, and whether it is newer is said', async (version, model, isNewer) => {
  putTools();
  const path = join(folder, `bzImage-${version}`);
  writeFileSync(path, imageOf(version));
  const kernel = valueOf(await openKernel(path));
  expect(kernel.model.name).toBe(model);
  expect(newerKernelNote(kernel) !== undefined).toBe(isNewer);
  const { stderr } = await thpscope(['conform', '--kernel', path, '--suite', 'plain']);
  const note = `is Linux ${version}, newer than every model: it is compared with linux-7.3. Queued for 7.4 and not`;
  expect(stderr.includes(note), stderr).toBe(isNewer);
  expect(stderr).toContain('QEMU does not start');
});
