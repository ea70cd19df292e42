/** Bytes below which a loop is quicker than a call. */
const SHORT = 24;

/**
 * Unpacks Snappy's raw format into so many bytes; undefined where the input is none of it. Every step is
 * inside of what was given, and forward: hyparquet's own goes back over lengths that are negative in 32 bits,
 * without end.
 */
export function unpackSnappy(input: Uint8Array, size: number): Uint8Array | undefined {
  const output = new Uint8Array(size);
  let from = 0;
  let to = 0;
  // The length, which the page header says, too.
  while (from < input.length && input[from++] >= 0x80);
  while (from < input.length) {
    const tag = input[from++];
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >>> 2) + 1;
      if (length > 60) {
        const bytes = length - 60;
        length = 1 + numberAt(input, from, bytes);
        from += bytes;
      }
      if (!(from + length <= input.length && to + length <= size)) return undefined;
      if (length < SHORT) for (let i = 0; i < length; i++) output[to + i] = input[from + i];
      else output.set(input.subarray(from, from + length), to);
      from += length;
      to += length;
      continue;
    }
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const bytes = kind === 3 ? 4 : kind;
    const back = numberAt(input, from, bytes) + (kind === 1 ? (tag >>> 5) * 256 : 0);
    from += bytes;
    if (!(back >= 1 && back <= to && to + length <= size)) return undefined;
    // What is copied may be what this copy makes.
    if (length < SHORT || back < length)
      for (const end = to + length; to < end; to++) output[to] = output[to - back];
    else {
      output.copyWithin(to, to - back, to - back + length);
      to += length;
    }
  }
  return to === size ? output : undefined;
}

/** A number of one to four bytes, low byte first; NaN, which is in no bounds, where they are not there. */
function numberAt(input: Uint8Array, at: number, bytes: number): number {
  if (at + bytes > input.length) return Number.NaN;
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + input[at + i];
  return value;
}
