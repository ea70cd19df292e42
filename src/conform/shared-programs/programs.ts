import { JAVA } from '../guest/guest-java.ts';

const SIGUSR1 = 10;
const SIGTERM = 15;

/** A program with shared memory. It prints `ready` and the pids of its processes, or has one of its own. */
export interface SharingProgram {
  readonly name: string;
  readonly command: string;
  /** Has it go over its memory once more; it answers by a line. */
  readonly touch?: number;
  /** Has it end in good order; it answers by a line. */
  readonly stop?: number;
}

/** A PostgreSQL that half fills 256M of shared buffers: see kernel-lab/postgres. */
function postgres(kind: 'mmap' | 'sysv'): SharingProgram {
  return {
    name: `postgres ${kind}`,
    command: `node /postgres.mjs serve ${kind}`,
    touch: SIGUSR1,
    stop: SIGTERM,
  };
}

/** A JVM whose heap is a memfd; it collects nothing while it is looked at. */
function zgc(name: string, ...options: string[]): SharingProgram {
  const words = ['-XX:+UseZGC', '-XX:-ZProactive', '-XX:-ZUncommit', ...options, '-Xms64m', '-Xmx128m'];
  return { name, command: `${JAVA} ${words.join(' ')} -cp /classes Objects` };
}

/** Programs that come out of the same files. */
export interface ProgramGroup {
  readonly name: string;
  /** A command that is run once, before any of them starts. */
  readonly prepare?: string;
  readonly programs: readonly SharingProgram[];
}

/** `shared_memory_type` of PostgreSQL: MAP_SHARED | MAP_ANONYMOUS, or a segment of System V. */
export const POSTGRES: ProgramGroup = {
  name: 'postgres',
  prepare: 'node /postgres.mjs init',
  programs: [postgres('mmap'), postgres('sysv')],
};

export const ZGC: ProgramGroup = {
  name: 'zgc',
  programs: [zgc('zgc'), zgc('zgc, huge pages', '-XX:+UseTransparentHugePages')],
};
