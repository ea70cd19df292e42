import { orderBytes, pageBytes } from '../core/memory/geometry.ts';
import { asOrder } from '../core/memory/order.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { MemoryGroup } from '../core/rules/memory-source.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import type { NoRoom } from './choose-policy.ts';
import { DigestQuery } from './digest-query.ts';
import type { GrowthKind } from './growth-kinds.ts';
import { addMemoryDigest, emptyMemoryDigest, type SourceDigest } from './memory-digest.ts';
import { type PolicyWorth, policyWorthOf } from './policy-worth.ts';

/** A control group with a limit, and all memory of its processes. */
export interface LimitedGroup {
  readonly group: MemoryGroup;
  readonly query: DigestQuery;
}

/** The limited groups of a source, with the processes below them. */
export function limitedGroups({
  processes,
  host,
  reach,
}: Pick<SourceDigest, 'processes' | 'host' | 'reach'>): LimitedGroup[] {
  const groups = new Map<string, { group: MemoryGroup; memory: ReturnType<typeof emptyMemoryDigest> }>();
  for (const { process, memory } of processes)
    for (const group of process.memoryGroups ?? []) {
      const known = groups.get(group.path) ?? {
        group,
        memory: emptyMemoryDigest(host.geometry, reach.pages),
      };
      addMemoryDigest(known.memory, memory);
      groups.set(group.path, known);
    }
  return [...groups.values()].map(({ group, memory }) => ({ group, query: new DigestQuery(memory) }));
}

/** What a group would need and has not. */
export interface TightGroup {
  readonly group: MemoryGroup;
  readonly when: NoRoom;
  readonly growthPages: number;
}

/**
 * The groups without room for what settings make of their processes. A collapse needs its whole size before
 * the old pages go; page faults need what they fill. Source: docs/khugepaged.md#control-groups.
 */
export function tightGroups(
  groups: readonly LimitedGroup[],
  settings: ThpSettings,
  model: KernelModel,
  growth: GrowthKind,
): TightGroup[] {
  const tight: TightGroup[] = [];
  for (const { group, query } of groups) {
    const worth = policyWorthOf(query, settings, model);
    const { geometry } = query.memory;
    const room = group.limitBytes - group.usedBytes;
    const restartGrowth = worth.restart?.growthPages ?? 0;
    if (growth !== 'restart' && needed(worth, query) > Math.max(0, room))
      tight.push({ group, when: 'now', growthPages: worth.growthPages });
    else if (growth !== 'now' && restartGrowth > 0 && restartGrowth * pageBytes(geometry) > room)
      tight.push({ group, when: 'restart', growthPages: restartGrowth });
  }
  return tight;
}

/**
 * Bytes that the collapses of a group need at the most: what they fill, and one folio before its pages go.
 */
function needed({ counts, growthPages }: PolicyWorth, { memory: { geometry } }: DigestQuery): number {
  const largest = counts.collapses.findLastIndex((collapses) => collapses > 0);
  if (largest < 0) return 0;
  return growthPages * pageBytes(geometry) + orderBytes(asOrder(largest), geometry);
}
