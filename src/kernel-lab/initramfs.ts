/**
 * A newc cpio archive with one executable file, /init: all that a guest needs. Sizes and times are those of nobody, so
 * the same program gives the same archive.
 */
export function initramfsOf(init: Uint8Array): Uint8Array {
  return Buffer.concat([entry('init', 0o100755, init), entry('TRAILER!!!', 0, new Uint8Array())]);
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
