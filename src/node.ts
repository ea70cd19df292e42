// What a program may import from 'thpscope/node' besides: what needs Node.

export { openSnapshotFile, type SnapshotFile } from './snapshot/file.ts';
