/** Bytes `start` to `end` of a file; the end is exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks of a file of `size` bytes: `bytes=0-99`, `bytes=100-` or `bytes=-100`. Undefined
 * where it asks for everything, or for something that RFC 9110 lets a server ignore, such as several ranges;
 * 'unsatisfiable' where nothing of the file is asked for.
 */
export function byteRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [first, last] = match.slice(1).map((text) => (text === '' ? undefined : Number(text)));
  if (first === undefined) {
    const start = Math.max(0, size - (last ?? 0));
    return start < size ? { start, end: size } : 'unsatisfiable';
  }
  if (last !== undefined && last < first) return undefined;
  if (first >= size) return 'unsatisfiable';
  return { start: first, end: Math.min(size, (last ?? size) + 1) };
}
