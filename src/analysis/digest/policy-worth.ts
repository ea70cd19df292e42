import { sum } from '../../core/base/sum.ts';
import { type RestartCounts, withoutRestartCounts } from '../../core/fault/restart-counts.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import type { PolicyCounts } from '../../core/plan/policy-counts.ts';
import { restartTlbEntries } from '../../core/plan/tlb-entries.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { enabledOrders, type ThpSettings } from '../../core/rules/thp-settings.ts';
import { savedEntries } from '../../core/rules/tlb-reach.ts';
import { growthOf } from '../ranges/tally.ts';
import type { EntryCounts } from '../ranges/tally-entries.ts';
import type { DigestQuery } from './digest-query.ts';
import type { MemoryDigest, VmaClass } from './memory-digest.ts';

/** What settings make of some memory: when khugepaged is done with it, and when its programs start again. */
export interface PolicyWorth {
  /** What khugepaged does to the memory as it is. */
  readonly counts: PolicyCounts;
  /** TLB entries that map all resident memory once, then. */
  readonly tlbEntries: number;
  /** Pages by which the memory of the machine grows: filled, back from swap, and copies of shared pages. */
  readonly growthPages: number;
  /** Windows that khugepaged tries in vain in every later pass. */
  readonly laterAttempts: number;
  /** Undefined where the digest does not know. */
  readonly restart: RestartWorth | undefined;
}

/** What page faults leave when programs start again, at most: see docs/khugepaged.md#restart. */
export interface RestartWorth {
  /** The sum over the processes. */
  readonly counts: RestartCounts;
  /** The same of the machine: what processes share by fork counts once, as far as that is known. */
  readonly machineCounts: RestartCounts;
  readonly tlbEntries: number;
  /**
   * Pages that page faults fill around those that the programs touch: memory of the machine, as far as it is
   * known what processes share.
   */
  readonly growthPages: number;
}

/** Asks a digest about settings. */
export function policyWorthOf(
  query: Pick<DigestQuery, 'memory' | 'ask' | 'restartWith' | 'repeatedRestart'>,
  settings: ThpSettings,
  model: KernelModel,
): PolicyWorth {
  const { memory } = query;
  const counts = query.ask(settings, model);
  return {
    counts,
    tlbEntries: memoryTlbEntries(memory) + changedTlbEntries(counts, memory),
    growthPages: copyingGrowthOf(counts),
    laterAttempts: sum(counts.laterAttempts),
    restart: restartWorth(
      query,
      (name) => enabledOrders(settings, name === 'hugepage', memory.geometry),
      model,
    ),
  };
}

/**
 * Pages by which the memory of the machine grows at most, while others keep the originals of shared pages.
 */
export function copyingGrowthOf(counts: PolicyCounts): number {
  return growthOf(counts) + counts.copiedSharedPages;
}

/** Asks a digest about a restart with orders that are enabled for each class of VMAs. */
export function restartWorth(
  query: Pick<DigestQuery, 'memory' | 'restartWith' | 'repeatedRestart'>,
  enabled: (name: VmaClass) => OrderSet,
  model: KernelModel,
): RestartWorth | undefined {
  const { reachPages, geometry } = query.memory;
  const counts = query.restartWith(enabled, model);
  if (!counts) return undefined;
  const machineCounts = withoutRestartCounts(counts, query.repeatedRestart(enabled, model));
  return {
    counts,
    machineCounts,
    tlbEntries: restartTlbEntries(counts.pagesByOrder, reachPages, geometry),
    growthPages: sum(machineCounts.pagesByOrder) - machineCounts.touchedPages,
  };
}

/** TLB entries of the memory of a digest as it is, and of what settings make of it. */
export function digestEntries(memory: MemoryDigest, { tlbEntries, restart }: PolicyWorth): EntryCounts {
  return { before: memoryTlbEntries(memory), after: tlbEntries, restart: restart?.tlbEntries };
}

/** TLB entries that map the memory of a digest as it is, once: see `tlbEntries`. */
export function memoryTlbEntries(memory: MemoryDigest): number {
  const { residentPages, pmdMappedPages, savedEntries: saved, geometry } = memory;
  return residentPages - saved - pmdMappedPages + pmdMappedPages / pagesPerRange(geometry);
}

/**
 * By how many TLB entries a policy changes those of the memory that it was asked about: each page that comes
 * takes one, and each collapse saves some in place of those that the folios saved which it replaces.
 */
export function changedTlbEntries(
  counts: PolicyCounts,
  { reachPages, geometry }: Pick<MemoryDigest, 'reachPages' | 'geometry'>,
): number {
  let entries = growthOf(counts) + counts.savedEntries;
  for (let order = 0; order < counts.collapses.length; order++) {
    const collapses = counts.collapses[order];
    if (collapses === 0) continue;
    const saved = order === geometry.pmdOrder ? pagesPerRange(geometry) - 1 : savedEntries(order, reachPages);
    entries -= collapses * saved;
  }
  return entries;
}
