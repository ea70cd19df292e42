import type { Failure } from '../../core/base/failure.ts';

/** Why a folder cannot be read or written, and what to do about it. */
export function folderFailure(folder: string, { code, message }: NodeJS.ErrnoException): Failure {
  switch (code) {
    case 'ENOENT':
      return {
        kind: 'usage',
        message: `${folder}: no such folder; create it, or mount the file system it lies on`,
      };
    case 'ENOTDIR':
    case 'EEXIST':
      return { kind: 'usage', message: `${folder}: is or holds a file where a folder is needed` };
    case 'ENAMETOOLONG':
      return {
        kind: 'usage',
        message: `${folder}: a name would be too long; label the host with a shorter one`,
      };
    case 'EACCES':
    case 'EPERM':
      return {
        kind: 'permission',
        message: `${folder}: this user may not do that there; run as its owner, or name another folder`,
      };
    case 'EROFS':
      return {
        kind: 'permission',
        message: `${folder}: the file system is read-only; mount it for writing, or name another folder`,
      };
    case 'ENOSPC':
    case 'EDQUOT':
      return { kind: 'unsupported', message: `${folder}: is full; free some space, or name another folder` };
    default:
      return { kind: 'unreadable', message: `${folder}: ${message}` };
  }
}
