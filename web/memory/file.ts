import type { AsyncBuffer } from 'hyparquet';
import { fail, type Result, succeed } from '../../src/core/base/failure.ts';

/** The bytes of a dropped file, which stays on the disk, or of a file that this page's server holds. */
export async function fileOf(source: Blob | string): Promise<Result<AsyncBuffer>> {
  if (typeof source !== 'string') {
    return succeed({
      byteLength: source.size,
      slice: (start, end = source.size) => source.slice(start, end).arrayBuffer(),
    });
  }
  try {
    const response = await fetch(source);
    if (!response.ok) return fail('unreadable', `${(await response.text()) || response.statusText}`);
    const bytes = await response.arrayBuffer();
    return succeed({ byteLength: bytes.byteLength, slice: (start, end) => bytes.slice(start, end) });
  } catch (error) {
    return fail('unreadable', `cannot be fetched: ${(error as Error).message}; is the server still running?`);
  }
}
