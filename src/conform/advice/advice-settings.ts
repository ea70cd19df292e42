import { THP_FOLDER } from '../../core/base/sysfs.ts';
import type { SettingWrite } from '../guest/guest-settings.ts';

/** Settings that the server runs under before it is advised. */
export interface AdviceStart {
  readonly name: string;
  readonly writes: readonly SettingWrite[];
}

const BELOW_PMD_KIB = [16, 32, 64, 128, 256, 512, 1024];

/**
 * The settings that a kernel starts with, under the two words that distributions choose for the top level.
 */
export const ADVICE_STARTS: readonly AdviceStart[] = (['madvise', 'always'] as const).map((word) => ({
  name: word,
  writes: [
    write('enabled', word),
    ...BELOW_PMD_KIB.map((kib) => write(`hugepages-${kib}kB/enabled`, 'never')),
    write('hugepages-2048kB/enabled', 'inherit'),
    write('khugepaged/max_ptes_none', '511'),
  ],
}));

function write(file: string, value: string): SettingWrite {
  return { path: `${THP_FOLDER}/${file}`, value };
}

/** What advice is asked for: how much memory may grow, and when. */
export interface AdviceQuestion {
  /** As `--growth` takes it. */
  readonly growth: 'now' | 'restart' | 'both';
  /** As `--max-growth` takes it. */
  readonly budget: string;
  /** As `--tlb` takes it; by the processor of the guest if left out. */
  readonly tlb?: 'folio';
}

const BUDGETS = ['0%', '1%', '2%', '5%', '10%', '100%', 'none'];

/** Where a TLB entry maps a folio of any size, sizes below 2M are advised too. */
export const ADVICE_QUESTIONS: readonly AdviceQuestion[] = [
  ...(['now', 'restart', 'both'] as const).flatMap((growth) => BUDGETS.map((budget) => ({ growth, budget }))),
  ...BUDGETS.map((budget) => ({ growth: 'both' as const, budget, tlb: 'folio' as const })),
];
