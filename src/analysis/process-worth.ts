import type { PolicyCounts } from '../core/plan/policy-counts.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { Process } from '../core/rules/memory-source.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import { DigestQuery } from './digest-query.ts';
import type { MemoryDigest, SourceDigest } from './memory-digest.ts';
import { type PolicyWorth, policyWorthOf } from './policy-worth.ts';

/** What settings do to one process. */
export interface ProcessWorth {
  readonly process: Process;
  readonly memory: MemoryDigest;
  readonly worth: PolicyWorth;
}

/** What settings do to each process, those that change most first. */
export function worthByProcess(
  { processes }: Pick<SourceDigest, 'processes'>,
  settings: ThpSettings,
  model: KernelModel,
): ProcessWorth[] {
  return processes
    .map(({ process, memory }) => ({
      process,
      memory,
      worth: policyWorthOf(new DigestQuery(memory), settings, model),
    }))
    .sort((a, b) => changedPages(b.worth.counts) - changedPages(a.worth.counts));
}

/** Pages that a collapse moves or makes. */
export function changedPages({ newlyHugePages, filledPages }: PolicyCounts): number {
  return newlyHugePages + filledPages;
}
