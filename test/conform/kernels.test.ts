import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openKernel } from '../../src/conform/kernels.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-kernels-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

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
      /cannot read the kernel .*; give 7\.2, 7\.3, 7\.2-arm64, 7\.3-arm64, 7\.3-arm64-16k, 7\.2-ppc64 or the path of a vmlinuz/,
    ],
    [folder, /cannot read the kernel/],
  ] as const) {
    const failure = { kind: 'unreadable', message: expect.stringMatching(message) };
    expect(await openKernel(file)).toMatchObject({ ok: false, failure });
  }
});
