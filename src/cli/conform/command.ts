import {
  CACHE_SUITES,
  PROGRAM_SUITES,
  type ProgramSuite,
  SUITES,
  type Suite,
} from '../../conform/suite-names.ts';
import { type CFlags, cFlags } from '../shared/flags/c-flags.ts';
import { optionalNumber, optionalSwitch, optionalText, wholeNumber } from '../shared/flags/flag-kinds.ts';
import { searchFlag } from '../shared/flags/search-flag.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type ConformFlags = CFlags & {
  readonly kernel?: string;
  readonly suite?: Suite | ProgramSuite;
  /** The name of a built-in algorithm, or a file with another. */
  readonly algorithm?: string;
  readonly ranges: number;
  readonly seed?: number;
  readonly json?: boolean;
};

export const conformCommand = documentedCommand<ConformFlags, []>({
  loader: async () => (await import('./run.ts')).conform,
  parameters: {
    flags: {
      kernel: optionalText(
        'NAME|FILE',
        'Only this kernel: 7.2, 7.3 (x86-64; both by default), 7.2-arm64, 7.3-arm64, 7.2-arm64-16k, 7.3-arm64-16k, 7.2-ppc64, 7.3-ppc64, or a vmlinuz of yours (7.2 or later, x86-64)',
      ),
      suite: {
        kind: 'enum',
        values: [...SUITES, ...CACHE_SUITES, ...PROGRAM_SUITES],
        optional: true,
        brief:
          "Present pages and holes only, all conditions, the kernel's own selftest, the simulated daemon, or page faults: all of these by default. By name alone: shared memory, files in the page cache, live processes, programs that start again, a server that follows advice, programs at work while settings change, and shared memory of PostgreSQL and a JVM",
      },
      algorithm: searchFlag("Whose search the kernel is compared with, in place of the model's"),
      ...cFlags,
      ranges: {
        kind: 'parsed',
        parse: wholeNumber,
        default: '2000',
        placeholder: 'N',
        brief: 'PMD ranges, or histories of page faults, per kernel and random suite',
      },
      seed: optionalNumber('N', 'Seed of the ranges; a fresh one by default, printed at the end'),
      json: optionalSwitch('Print JSON'),
    },
  },
  docs: {
    brief: 'The model against the real khugepaged of Linux 7.2 and 7.3 in QEMU',
    usage: ['[--kernel LIST] [--suite LIST] [--ranges N] [--seed N] ...'],
    about: [
      'Boots real kernels in QEMU, has khugepaged work on generated ranges, and compares with the model, range by range.',
      'live predicts processes in known states inside the guest, and then lets khugepaged run; restart starts programs',
      'again with other sizes, and compares their memory with what was predicted; advice has a redis-server follow advise;',
      'diff changes settings while programs are at work, and asks diff why what it predicted did not come true.',
      'shared-programs predicts shared memory of PostgreSQL and of a JVM, and then lets khugepaged run.',
      'shared has khugepaged work on tmpfs, memfd, shared anonymous and System V memory, files on the page cache of an ext4',
      'on a disk of the guest (mke2fs makes it); both are of x86-64. None of the seven is run by default.',
      'With --algorithm, the rest of the model (scan, limits, attempts) stays, and the search is that of a FILE or NAME: does the',
      'kernel of your series do what your module says? plain, mixed, selftest and daemon know it, and are then all by default.',
      '7.2-arm64 and 7.3-arm64 have pages of 4K, as x86-64; 7.2-arm64-16k and 7.3-arm64-16k have pages of 16K, 7.2-ppc64 and',
      '7.3-ppc64 of 64K. The suites of programs run on x86-64 alone.',
      'Kernels come from Debian through apt and are kept in ~/.cache/thpscope. QEMU and a C compiler have to be there: nothing',
      'is installed; kernel-lab/install-tools.sh does that. Exit code 1: there is a difference.',
    ],
    examples: [
      'thpscope conform --kernel 7.2 --suite plain --ranges 10000 --seed 1',
      'thpscope conform --kernel my-bzImage --suite plain --algorithm my-walk.js',
      'thpscope conform --kernel 7.3-arm64 --suite mixed',
      'thpscope conform --kernel 7.2-ppc64 --suite plain',
      'thpscope conform --kernel 7.3 --suite shared --ranges 300',
      'thpscope conform --kernel 7.3 --suite live',
    ],
    files: [['~/.cache/thpscope/kernels', 'kernels of the guests; below XDG_CACHE_HOME where that is set']],
    pages: ['fidelity.md'],
  },
});
