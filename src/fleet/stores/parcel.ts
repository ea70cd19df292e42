/** A file that waits. */
export interface SpooledFile {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/**
 * Files that belong together as one file, so that they come and go together: a line of JSON with the key and
 * the length of each, then their bytes.
 */
export function packParcel(files: readonly SpooledFile[]): Uint8Array {
  const head = JSON.stringify(files.map(({ key, bytes }) => [key, bytes.length]));
  return Buffer.concat([Buffer.from(`${head}\n`), ...files.map(({ bytes }) => bytes)]);
}

/** The files of a parcel; undefined where it is none, or not whole. */
export function unpackParcel(parcel: Uint8Array): SpooledFile[] | undefined {
  const end = parcel.indexOf(0x0a);
  const head = headOf(new TextDecoder().decode(parcel.subarray(0, Math.max(0, end))));
  if (!head) return undefined;
  let at = end + 1;
  const files = head.map(([key, length]) => {
    at += length;
    return { key, bytes: parcel.subarray(at - length, at) };
  });
  return at === parcel.length ? files : undefined;
}

function headOf(text: string): [key: string, length: number][] | undefined {
  try {
    const head: unknown = JSON.parse(text);
    const isSound = (each: unknown) =>
      Array.isArray(each) && typeof each[0] === 'string' && Number.isSafeInteger(each[1]) && each[1] >= 0;
    return Array.isArray(head) && head.every(isSound) ? head : undefined;
  } catch {
    return undefined;
  }
}
