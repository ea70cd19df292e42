/** A file of the guest. */
export interface GuestFile {
  /** Path without a leading slash. */
  readonly name: string;
  readonly content: Uint8Array;
}

const [EXECUTABLE, FOLDER, FILE] = [0o100755, 0o040755, 0o100644];

/**
 * A newc cpio archive with the program that becomes /init and kernel modules in /modules. Times and owners
 * are those of nobody, so the same files give the same archive.
 */
export function initramfsOf(init: Uint8Array, modules: readonly GuestFile[]): Uint8Array {
  const nothing = new Uint8Array();
  return Buffer.concat([
    entry('init', EXECUTABLE, init),
    entry('modules', FOLDER, nothing),
    ...modules.map(({ name, content }) => entry(name, FILE, content)),
    entry('TRAILER!!!', 0, nothing),
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
