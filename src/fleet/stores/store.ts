import { fail, type Result, succeed } from '../../core/base/failure.ts';

/** A file of a store. */
export interface StoredFile {
  readonly key: string;
  readonly bytes: number;
}

/** Files under keys such as `rows/date=2026-11-24/web-1.parquet`. Expected failures are values. */
export interface FleetStore {
  /** What messages call it: the folder, or `s3://bucket/prefix`. */
  readonly name: string;
  /**
   * Writes a file, in place of what the key named before. Whoever reads sees the whole file or none of it,
   * wherever the writer dies; putting the same bytes again changes nothing.
   */
  put(key: string, bytes: Uint8Array): Promise<Result<void>>;
  get(key: string): Promise<Result<Uint8Array>>;
  /** All files whose key begins with this text, by key. Fails rather than list a part of them. */
  list(prefix: string): Promise<Result<readonly StoredFile[]>>;
  /** Removes a file; one that is gone already is no failure. */
  remove(key: string): Promise<Result<void>>;
}

/**
 * A key is a path below the store: no empty parts, none that lead out of it, none hidden, as unfinished files
 * are.
 */
export function checkKey(key: string): Result<void> {
  const isSound = key.split('/').every((part) => /^[^.\p{Cc}]\P{Cc}*$/u.test(part));
  return isSound
    ? succeed(undefined)
    : fail('usage', `${JSON.stringify(key)}: cannot name a file of a store`);
}

/** Files in the order of their keys, character by character, whatever the language of the machine. */
export function sortedByKey(files: readonly StoredFile[]): StoredFile[] {
  return [...files].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
