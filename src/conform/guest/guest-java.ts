import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { filesBelow, libraryFiles } from './guest-files.ts';
import type { GuestProgram } from './guest-programs.ts';
import type { GuestFile } from './initramfs.ts';
import { labFile } from './lab.ts';

const run = promisify(execFile);

/** The program that runs Java in the guest. */
export const JAVA = '/java/bin/java';

/** A JVM whose heap has a fixed size. */
export const JVM: GuestProgram = {
  name: 'jvm',
  command: `${JAVA} -XX:+UseSerialGC -Xms64m -Xmx64m -cp /classes Objects`,
};

/** The modules and libraries of a runtime that a program with no more than java.base needs. */
const RUNTIME = [
  '--add-modules',
  'java.base',
  '--strip-java-debug-attributes',
  '--no-header-files',
  '--no-man-pages',
];

/**
 * A small runtime out of the machine's Java, and a program compiled for it, in the guest as /java and
 * /classes. `folder` takes both meanwhile. Fails where there is no JDK.
 */
export async function javaFiles(folder: string): Promise<Result<GuestFile[]>> {
  const [runtime, classes] = [join(folder, 'java'), join(folder, 'classes')];
  try {
    await run('jlink', [...RUNTIME, '--output', runtime]);
    await run('javac', ['-d', classes, labFile('java', 'Objects.java')]);
  } catch (error) {
    return fail('unsupported', `no JDK (jlink, javac) on this machine: ${(error as Error).message}`);
  }
  const files = filesBelow(runtime);
  const libraries = files
    .filter((path) => /\.so$|bin\/java$/.test(path))
    .flatMap((path) => libraryFiles(path))
    // Libraries of the runtime find each other.
    .filter(({ name }) => !`/${name}`.startsWith(runtime));
  return succeed([
    ...files.map((path) => ({
      name: join('java', relative(runtime, path)),
      content: readFileSync(path),
      executable: true,
    })),
    ...filesBelow(classes).map((path) => ({
      name: join('classes', relative(classes, path)),
      content: readFileSync(path),
    })),
    ...libraries,
  ]);
}
