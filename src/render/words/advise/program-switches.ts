/** What a program itself can do about its huge pages, as its documentation has it. */
interface ProgramSwitch {
  readonly program: string;
  /** Names of its processes, as /proc/PID/comm has them. */
  readonly commands: readonly string[];
  /** What to set, and what it does: a sentence. */
  readonly says: string;

  readonly source: string;
}

/** Programs that are known by the name of their processes. */
export const PROGRAM_SWITCHES: readonly ProgramSwitch[] = [
  {
    program: 'Redis, Valkey',
    commands: ['redis-server', 'valkey-server'],
    says: '`disable-thp yes` in its configuration, the default since Redis 6.2, opts out by prctl when it starts, but only if the top-level `enabled` is always then: sizes that are always on their own under madvise or never reach it all the same',
    source: 'https://github.com/redis/redis/blob/unstable/redis.conf',
  },
  {
    program: 'Java (HotSpot)',
    commands: ['java'],
    says: '`-XX:+UseTransparentHugePages` asks for huge pages for the heap (MADV_HUGEPAGE), so that sizes set to madvise reach it; without it sizes that are always reach it all the same: there is no flag that opts out',
    source: 'https://github.com/openjdk/jdk/pull/14919',
  },
  {
    program: 'Java (OpenJ9)',
    commands: ['java'],
    says: '`-XX:+TransparentHugePage` asks for huge pages where the setting is madvise; it is ignored under always and never',
    source: 'https://eclipse.dev/openj9/docs/xxtransparenthugepage',
  },
  {
    program: 'MongoDB',
    commands: ['mongod', 'mongos'],
    says: 'it has no switch of its own; its manual wants huge pages from 8.0 on (x86-64 and arm64) and none up to 7.0',
    source: 'https://www.mongodb.com/docs/manual/administration/tcmalloc-performance/',
  },
  {
    program: 'PostgreSQL',
    commands: ['postgres', 'postmaster'],
    says: '`huge_pages` is about reserved huge pages (hugetlb) for its shared memory: it changes nothing for the memory that is spoken of here',
    source: 'https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-HUGE-PAGES',
  },
];

/** Runtimes and allocators, which no name of a process tells. */
export const RUNTIME_SWITCHES: readonly Omit<ProgramSwitch, 'commands'>[] = [
  {
    program: 'Go programs',
    says: '`GODEBUG=disablethp=1` keeps huge pages from the heap (Go 1.21.6, 1.22 and later; it may go away)',
    source: 'https://go.dev/doc/gc-guide#Linux_transparent_huge_pages',
  },
  {
    program: 'programs with jemalloc',
    says: '`MALLOC_CONF=thp:never` sets MADV_NOHUGEPAGE on what it maps for the program, `thp:always` MADV_HUGEPAGE; `metadata_thp` is about its own records',
    source: 'http://jemalloc.net/jemalloc.3.html#opt.thp',
  },
  {
    program: "programs with glibc's malloc",
    says: '`GLIBC_TUNABLES=glibc.malloc.hugetlb=1` asks for huge pages (MADV_HUGEPAGE, glibc 2.35); nothing there opts out',
    source: 'https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html',
  },
];

/** What is known of the program with this name of a process. */
export function switchesOf(command: string): readonly ProgramSwitch[] {
  return PROGRAM_SWITCHES.filter(({ commands }) => commands.includes(command));
}
