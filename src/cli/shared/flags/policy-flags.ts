import {
  KERNEL_MODEL_NAMES,
  type KernelModelName,
  SWEPT_KERNEL_NAMES,
  type SweptKernelName,
} from '../../../core/rules/kernel-names.ts';
import { TOP_LEVEL_WORDS, type TopLevelWord } from '../../../core/rules/settings-words.ts';
import { ALGORITHM_NAMES, type AlgorithmName } from '../../../core/search/algorithm-names.ts';
import { optionalNumber, optionalText, repeatedText } from './flag-kinds.ts';

/** THP settings to start from, and single files over them. */
export type BaseSettingsFlags = {
  readonly policy?: string;
  readonly enabled?: TopLevelWord;
  readonly set?: readonly string[];
};

/** THP settings: for every command that decides. */
export type SettingsFlags = BaseSettingsFlags & {
  readonly orders?: string;
  readonly maxPtesNone?: number;
  readonly maxPtesSwap?: number;
  readonly maxPtesShared?: number;
};

/** Settings, and how attempts end. */
export type OutcomeFlags = SettingsFlags & { readonly outcome?: readonly string[] };

/** All that is asked about memory. */
export type PolicyFlags = OutcomeFlags & {
  readonly kernel?: KernelModelName;
  readonly algorithm?: AlgorithmName;
};

/** Whose khugepaged a digest is asked about. */
export type SweptKernelFlag = { readonly kernel?: SweptKernelName };

/** What one TLB entry maps, for every command that counts them. */
export type TlbFlag = { readonly tlb?: string };

const WHICH_KERNEL =
  'Whose khugepaged is asked; by default the one that the memory was read on, of made-up ranges the newest';

const enabledFlag = {
  enabled: {
    kind: 'enum',
    values: TOP_LEVEL_WORDS,
    optional: true,
    brief: 'The top-level file enabled, which sizes that say inherit go by; the rest is as --policy says',
  },
} as const;

export const policyFlag = {
  policy: optionalText(
    'current|default|FILE|-',
    'THP settings to start from: current for processes and snapshots, else default; a FILE, or - for standard input, is JSON',
  ),
} as const;

/** Settings to start from; `brief` says which files of sysfs the command takes. */
export function baseSettingsFlags(brief: string) {
  return { ...policyFlag, ...enabledFlag, ...setFlag(brief) } as const;
}

/** `--set`; `brief` says which files the command takes. */
export function setFlag(brief: string) {
  const proposeCompletions = async function (this: { readonly kernelRoot: string }, partial: string) {
    return (await import('./assignments.ts')).proposeAssignments(partial, this.kernelRoot);
  };
  return { set: { ...repeatedText('FILE=VALUE', brief), proposeCompletions } } as const;
}

export const settingsFlags = {
  ...baseSettingsFlags(
    'One file below /sys/kernel/mm/transparent_hugepage, such as hugepages-64kB/enabled=always; repeatable, over all other settings',
  ),
  orders: optionalText('SET', 'Sizes that are always enabled: all, 2-9, 4,9 or 64K,2M; all others are never'),
  maxPtesNone: optionalNumber(
    'N',
    'Empty pages that a collapse may fill; below the PMD size only 0 and the maximum count',
  ),
  maxPtesSwap: optionalNumber('N', 'Swapped pages that a collapse may read in'),
  maxPtesShared: optionalNumber('N', 'Shared pages that a collapse may copy'),
} as const;

/** Limits of single orders, for commands that ask about a case. */
export type NoneLimitFlag = { readonly maxPtesNoneOf?: readonly string[] };

export const noneLimitFlag = {
  maxPtesNoneOf: repeatedText(
    'ORDERS=N',
    'Empty pages for windows of these orders, which no Linux has; repeatable, with --pattern',
  ),
} as const;

const outcomeFlag = {
  outcome: repeatedText(
    '[OFFSET:]ORDERS[*]=SCAN_NAME',
    'Make attempts end so, with * retries with reclaim; repeatable, the last match wins',
  ),
} as const;

export const outcomeFlags = { ...settingsFlags, ...outcomeFlag } as const;

export const policyFlags = {
  ...settingsFlags,
  kernel: {
    kind: 'enum',
    values: KERNEL_MODEL_NAMES,
    optional: true,
    brief: WHICH_KERNEL,
  },
  algorithm: {
    kind: 'enum',
    values: ALGORITHM_NAMES,
    optional: true,
    brief: 'How a range is searched; as the kernel model does by default',
  },
  ...outcomeFlag,
} as const;

export const tlbFlag = {
  tlb: optionalText(
    'SIZE|folio',
    'What one TLB entry maps below the PMD size; by default what the CPU can do',
  ),
} as const;

export const sweptKernelFlag = {
  kernel: {
    kind: 'enum',
    values: SWEPT_KERNEL_NAMES,
    optional: true,
    brief: WHICH_KERNEL,
  },
} as const;
