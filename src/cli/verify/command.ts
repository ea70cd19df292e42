import { RELATIONS, type Relation } from '../../verify/relation.ts';
import { type CFlags, cFlags } from '../shared/flags/c-flags.ts';
import {
  optionalNumber,
  optionalSwitch,
  optionalText,
  repeatedText,
  wordList,
} from '../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import {
  type NoneLimitFlag,
  noneLimitFlag,
  type OutcomeFlags,
  outcomeFlags,
} from '../shared/flags/policy-flags.ts';
import { type GeometryFlags, patternFlags } from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type VerifyFlags = OutcomeFlags &
  NoneLimitFlag &
  CFlags &
  GeometryFlags &
  OutputFlags & {
    readonly relation: Relation;
    readonly against?: 'optimal';
    readonly objective: string;
    readonly new?: string;
    readonly machine?: boolean;
    readonly seed?: number;
    readonly results?: string;
    readonly limitsByOrder?: boolean;
    readonly cases?: number;
    readonly time?: number;
    readonly format?: 'text' | 'json' | 'mail' | 'ktap' | 'junit';
    readonly pattern?: string;
    readonly swap?: string;
    readonly uffdArmed?: boolean;
    readonly before?: readonly string[];
  };

export const verifyCommand = documentedCommand<VerifyFlags, string[]>({
  loader: async () => (await import('./run.ts')).verify,
  parameters: {
    flags: {
      relation: {
        kind: 'enum',
        values: Object.keys(RELATIONS) as Relation[],
        default: 'attempts',
        brief: 'What must agree: attempts is order and result too, windows is attempts in any order',
      },
      against: {
        kind: 'enum',
        values: ['optimal'],
        optional: true,
        brief: 'Compare with the best cover that the policy allows',
      },
      objective: {
        kind: 'parsed',
        parse: String,
        default: 'coverage',
        placeholder: 'coverage|folios|price:N',
        brief: 'What is best: most pages covered, fewest folios, or covered pages less N for each filled one',
      },
      new: optionalText(
        'FILE|-',
        'Write a module (.js, .ts) or a C file to start from, and do nothing else; - prints it',
      ),
      machine: optionalSwitch('With --new: a module that shows its states, which can be proved'),
      seed: optionalNumber('N', 'Seed of the random ranges; a fresh one by default, printed at the end'),
      results: optionalText(
        'all|LIST',
        'Results that attempts may have, the usual one first; all by default, where all are too many five',
      ),
      limitsByOrder: optionalSwitch(
        'Try cases in which each order has a max_ptes_none of its own, which no Linux has',
      ),
      cases: optionalNumber('N', 'Try so many cases and no more; after the usual ones random ones'),
      time: optionalNumber(
        'SECONDS',
        'Stop after so many seconds; until then go on with random cases after the usual ones',
      ),
      pageSize: optionalText('SIZE', 'Page size of a case, or only the PMD order that goes with it'),
      pmdOrder: optionalNumber('N', 'Only this PMD order; 3 and 4 are exhausted, others are not'),
      pattern: optionalText('LIST', 'Only the case with these pages present; the flags below are part of it'),
      swap: patternFlags.swap,
      uffdArmed: optionalSwitch('The VMA of that range is registered with userfaultfd'),
      before: repeatedText(
        'LIST[*N]',
        'N ranges with these pages come before it in the same pass, for searches that startPass() makes; repeatable',
      ),
      ...outcomeFlags,
      ...noneLimitFlag,
      ...cFlags,
      format: {
        kind: 'enum',
        values: ['text', 'json', 'mail', 'ktap', 'junit'],
        optional: true,
        brief: 'text by default; mail is 72 columns to paste, with a selftest; ktap and junit are for CI',
      },
      ...outputFlags,
    },
    positional: wordList(
      'ALGORITHM',
      'Built-in names, modules or C files; after --against optimal, snapshots, of which - is standard input',
    ),
  },
  docs: {
    brief: 'Two algorithms: same attempts on all inputs? else the smallest difference',
    usage: [
      'A B [--relation attempts|windows|collapses|coverage|result] [--pmd-order N] [--seed N] ...',
      'A B --pattern LIST [--pmd-order N] [--orders SET] [--max-ptes-none N] [--outcome ...] ...',
      'A',
      'A --against optimal [--objective coverage|folios|price:N] [SNAPSHOT...]',
      '--new FILE [--machine]',
    ],
    about: [
      'Proves that two algorithms do the same for every bitmap, limit and outcome, where both show their states as machines.',
      'Others run side by side on every window of every set of sizes, on every small range and on random large ones. What',
      'differs is shown, each with the smallest case. With one algorithm it proves, or else tests, what any of them should keep to. An',
      'algorithm is walk, stack, stack-descend, stack-patch11, recursive, rounds, scaled, capped, chunks,',
      'chunks-always, v18, the path of a module, a C file with the function of a patch, or the patch or mail itself (.patch,',
      '.diff, .eml, .mbox). Most mistakes in C are found in seconds; all cases take a quarter of an hour. --time 60 stops after a',
      'minute, with cases of every kind tried.',
    ],
    examples: [
      'thpscope verify walk stack',
      'thpscope verify walk rounds --relation windows --results SCAN_SUCCEED,SCAN_PAGE_COUNT',
      'thpscope verify --new my-walk.js && thpscope verify walk my-walk.js',
      'thpscope verify walk mthp_collapse.c --time 60',
      'thpscope verify walk series-v20-0011.patch --format mail',
      'thpscope verify walk --against optimal --objective price:0.5 --orders all examples/redis.parquet',
    ],
    pages: ['verify.md', 'thread.md'],
  },
});
