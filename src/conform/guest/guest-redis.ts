import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Result, succeed } from '../../core/base/failure.ts';
import { programFiles } from './guest-files.ts';
import type { GuestProgram } from './guest-programs.ts';
import type { GuestFile } from './initramfs.ts';
import { labFile, runFetchScript } from './lab.ts';

/** A redis-server in the guest that does not switch huge pages off, with keys of some tens of MiB. */
export const REDIS: GuestProgram = {
  name: 'redis',
  command: 'redis-server /redis.conf',
  fill: 'node /fill-redis.mjs',
};

/**
 * redis-server from Debian, and what fills it. Beside them the guest needs Node. Fails where apt has no
 * mirror.
 */
export async function redisFiles(): Promise<Result<GuestFile[]>> {
  const unpacked = await runFetchScript('fetch-packages.sh', ['redis-server', 'redis-tools']);
  if (!unpacked.ok) return unpacked;
  const [root] = unpacked.value;
  return succeed([
    ...programFiles(join(root, 'usr/bin/redis-server'), '/bin/redis-server', root),
    { name: 'redis.conf', content: readFileSync(labFile('redis', 'redis.conf')) },
    { name: 'fill-redis.mjs', content: readFileSync(labFile('redis', 'fill.mjs')) },
  ]);
}
