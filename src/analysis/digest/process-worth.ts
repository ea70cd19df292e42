import type { PolicyCounts } from '../../core/plan/policy-counts.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { DigestQuery } from './digest-query.ts';
import type { MemoryDigest, SourceDigest } from './memory-digest.ts';
import { memoryTlbEntries, type PolicyWorth, policyWorthOf } from './policy-worth.ts';

/** What settings do to one process. */
export interface ProcessWorth {
  readonly process: Process;
  readonly memory: MemoryDigest;
  readonly worth: PolicyWorth;
  /** See ProcessDigest. */
  readonly count?: number | undefined;
  readonly service?: string | undefined;
}

/** What settings do to each process: those whose TLB entries change most, now and after a restart, first. */
export function worthByProcess(
  { processes }: Pick<SourceDigest, 'processes'>,
  settings: ThpSettings,
  model: KernelModel,
): ProcessWorth[] {
  return processes
    .map(({ process, memory, count, service }) => ({
      process,
      memory,
      count,
      service,
      worth: policyWorthOf(new DigestQuery(memory), settings, model),
    }))
    .map((each) => ({ each, change: changedEntries(each) }))
    .sort((a, b) => b.change - a.change)
    .map(({ each }) => each);
}

function changedEntries({ memory, worth: { tlbEntries, restart } }: ProcessWorth): number {
  const now = memoryTlbEntries(memory);
  return Math.abs(now - tlbEntries) + Math.abs(now - (restart?.tlbEntries ?? now));
}

/** Pages that a collapse moves or makes. */
export function changedPages({ newlyHugePages, filledPages }: PolicyCounts): number {
  return newlyHugePages + filledPages;
}
