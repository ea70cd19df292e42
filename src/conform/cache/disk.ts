import { execFile } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fail, type Result, succeed } from '../../core/base/failure.ts';

/** Room for the files of a batch; the image is sparse. */
const DISK_BYTES = 2 ** 30;

/** Makes the image of a disk with an ext4 in this folder; its path. Fails where there is no mke2fs. */
export async function makeDisk(folder: string): Promise<Result<string>> {
  const path = join(folder, 'disk.img');
  writeFileSync(path, '');
  truncateSync(path, DISK_BYTES);
  // Where administrators' programs are kept, which need not be in the PATH of others.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  try {
    const options = ['-q', '-F', '-t', 'ext4', '-E', 'lazy_itable_init=0,nodiscard'];
    await promisify(execFile)('mke2fs', [...options, path], { env });
  } catch (error) {
    const reason = (error as Error).message.trim().split('\n').at(-1);
    return fail('unsupported', `no disk for the guest: ${reason}; install mke2fs (e2fsprogs)`);
  }
  return succeed(path);
}
