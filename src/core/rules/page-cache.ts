import type { HugeMountWord } from './shmem-settings.ts';

/**
 * Where memory that is not anonymous comes from, by what governs its huge pages:
 * - `shared-anonymous`: MAP_SHARED | MAP_ANONYMOUS and memfd, by the size's and the top-level `shmem_enabled`
 *   (what is written to a memfd goes by the top level alone);
 * - `internal`: System V shared memory, for page faults by the same, for khugepaged by the top level alone;
 * - `tmpfs`: a file on a mounted tmpfs, by `huge=` of the mount;
 * - `file`: any other file, by the top-level `enabled`.
 */
export const CACHE_KINDS = ['shared-anonymous', 'internal', 'tmpfs', 'file'] as const;

export type CacheKind = (typeof CACHE_KINDS)[number];

/** A file, or shared memory, whose pages are in the page cache. */
export interface CachedFile {
  /** MAJOR:MINOR:INODE as smaps writes them. Whoever maps it, it is the same file. */
  readonly id: string;
  readonly kind: CacheKind;
  /** Its path, or what smaps calls it: "/memfd:heap (deleted)". */
  readonly name: string;
  /** The type of its filesystem, such as "ext4"; undefined where unknown. */
  readonly filesystem?: string;
  /** Its size; undefined where unknown. */
  readonly bytes?: number;
  /** Why nothing could be seen of its pages; undefined where its ranges follow. */
  readonly unread?: string;
  /** What its tmpfs was mounted with; undefined where unknown, and for all but tmpfs. */
  readonly hugeMount?: HugeMountWord;
}

/** What a VMA maps of a file. */
export interface FileMapping {
  /** `id` of the file. */
  readonly file: string;
  /** Where in the file the VMA begins, in bytes. */
  readonly offset: number;
}

/** What smaps calls MAP_SHARED | MAP_ANONYMOUS. */
export const SHARED_ANONYMOUS = '/dev/zero (deleted)';

/**
 * The kind that the name of a mapping in smaps tells, of shared memory that has no path; undefined of all
 * others.
 */
export function kindOfName(name: string): CacheKind | undefined {
  if (name === SHARED_ANONYMOUS || name.startsWith('/memfd:')) return 'shared-anonymous';
  return name.startsWith('/SYSV') ? 'internal' : undefined;
}

/** Whether its pages are swapped rather than written back: shared memory, not a file. */
export function isShmem({ kind }: Pick<CachedFile, 'kind'>): boolean {
  return kind !== 'file';
}
