import { buildCommand } from '@stricli/core';
import { SUITES, type Suite } from '../../conform/suite-names.ts';
import type { Context } from '../shared/context.ts';
import { optionalNumber, optionalSwitch, optionalText, wholeNumber } from '../shared/flag-kinds.ts';

export type ConformFlags = {
  readonly kernel?: string;
  readonly suite?: Suite;
  readonly ranges: number;
  readonly seed?: number;
  readonly json?: boolean;
};

export const conformCommand = buildCommand<ConformFlags, [], Context>({
  loader: async () => (await import('./run.ts')).conform,
  parameters: {
    flags: {
      kernel: optionalText(
        '7.2|7.3|FILE',
        'Only this kernel, or a vmlinuz of yours (7.2 or later); 7.2 and 7.3 by default',
      ),
      suite: {
        kind: 'enum',
        values: SUITES,
        optional: true,
        brief:
          "Present pages and holes only, all conditions, the kernel's own selftest, the simulated daemon, or page faults; all by default",
      },
      ranges: {
        kind: 'parsed',
        parse: wholeNumber,
        default: '2000',
        placeholder: 'N',
        brief: 'PMD ranges, or histories of page faults, a kernel and random suite',
      },
      seed: optionalNumber('N', 'Seed of the ranges; a fresh one by default, printed at the end'),
      json: optionalSwitch('Print JSON'),
    },
  },
  docs: {
    brief: 'The model against the real khugepaged of Linux 7.2 and 7.3 in QEMU',
    fullDescription: [
      'Boots real kernels in QEMU, has khugepaged work on generated ranges, and compares with the model, range by range.',
      'Kernels come from Debian through apt and are kept in ~/.cache/thpscope. Exit code 1: there is a difference.',
      '',
      'Example:',
      '  thpscope conform --kernel 7.2 --suite plain --ranges 10000 --seed 1',
    ].join('\n'),
  },
});
