import { JVM } from '../guest/guest-java.ts';
import { REDIS } from '../guest/guest-redis.ts';
import type { BusyProgram } from './diff-suite.ts';

const SIGUSR1 = 10;

/** A redis-server that is written to, a JVM that goes on making objects, and a server that forks. */
export const BUSY_REDIS: BusyProgram = { ...REDIS, work: 'node /fill-redis.mjs serve' };
export const BUSY_JVM: BusyProgram = { ...JVM, command: `${JVM.command} busy` };
export const FORKING_SERVER: BusyProgram = {
  name: 'forking server',
  command: '/bin/server',
  work: SIGUSR1,
};
