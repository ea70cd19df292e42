import { posix } from 'node:path';

/** A file of the guest. */
export interface GuestFile {
  /** Path without a leading slash. */
  readonly name: string;
  readonly content: Uint8Array;
  readonly executable?: boolean;
}

const [EXECUTABLE, FOLDER, FILE] = [0o100755, 0o040755, 0o100644];

/**
 * A newc cpio archive of files and the folders that they need, the program that becomes `init` among them.
 * Libraries that several programs bring are in it once.
 * Times and owners are those of nobody, so the same files give the same archive.
 */
export function initramfsOf(files: readonly GuestFile[]): Uint8Array {
  const folders = new Set<string>();
  for (const { name } of files) {
    for (let folder = posix.dirname(name); folder !== '.'; folder = posix.dirname(folder))
      folders.add(folder);
  }
  return Buffer.concat([
    // Parents come before what is in them.
    ...[...folders].sort().map((name) => entry(name, FOLDER, new Uint8Array())),
    ...[...new Map(files.map((file) => [file.name, file])).values()].map(({ name, content, executable }) =>
      entry(name, executable ? EXECUTABLE : FILE, content),
    ),
    entry('TRAILER!!!', 0, new Uint8Array()),
  ]);
}

function entry(name: string, mode: number, content: Uint8Array): Buffer {
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  const inode = mode === 0 ? 0 : 1;
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = padded(Buffer.from(`070701${fields.map(hex).join('')}${name}\0`, 'latin1'));
  return Buffer.concat([header, padded(Buffer.from(content))]);
}

/** newc aligns both names and contents to four bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
