import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Result, succeed } from '../../core/base/failure.ts';
import { filesBelow, programFiles } from './guest-files.ts';
import type { GuestFile } from './initramfs.ts';
import { labFile, runFetchScript } from './lab.ts';

/** Of the machine's Debian. PostgreSQL finds its other files by where its program lies. */
const [PROGRAMS, SHARED] = ['usr/lib/postgresql/15', 'usr/share/postgresql/15'];

/**
 * PostgreSQL from Debian, its clients, and what makes its tables. Beside them the guest needs Node. Fails
 * where apt has no mirror.
 */
export async function postgresFiles(): Promise<Result<GuestFile[]>> {
  const unpacked = await runFetchScript('fetch-packages.sh', ['postgresql-15', 'postgresql-client-15']);
  if (!unpacked.ok) return unpacked;
  const [root] = unpacked.value;
  const below = (path: string) => ({ name: relative(root, path), content: readFileSync(path) });
  return succeed([
    // initdb starts the server through a shell.
    ...programFiles('/bin/sh', '/bin/sh'),
    ...['postgres', 'initdb', 'psql'].flatMap((name) => {
      const path = join(PROGRAMS, 'bin', name);
      return programFiles(join(root, path), `/${path}`, root);
    }),
    ...['plpgsql.so', 'dict_snowball.so'].map((name) => below(join(root, PROGRAMS, 'lib', name))),
    ...filesBelow(join(root, SHARED)).map(below),
    { name: 'etc/passwd', content: Buffer.from('postgres:x:999:999::/postgres:/bin/false\n') },
    { name: 'postgres.mjs', content: readFileSync(labFile('postgres', 'postgres.mjs')) },
  ]);
}
