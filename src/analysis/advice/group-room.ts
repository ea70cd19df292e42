import { sum } from '../../core/base/sum.ts';
import { type Geometry, pageBytes, pagesPerRange } from '../../core/memory/geometry.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { MemoryGroup } from '../../core/rules/memory-source.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { DigestQuery } from '../digest/digest-query.ts';
import { addMemoryDigest, emptyMemoryDigest, type SourceDigest } from '../digest/memory-digest.ts';
import { type PolicyWorth, policyWorthOf } from '../digest/policy-worth.ts';
import type { NoRoom } from './choose-policy.ts';
import type { GrowthKind } from './growth-kinds.ts';

/** A control group with a limit, and all memory of its processes. */
export interface LimitedGroup {
  readonly group: MemoryGroup;
  readonly query: DigestQuery;
  /** What its processes grow by under the settings in force: nothing where they are not known. */
  readonly growthInForce: GroupGrowth;
}

/** Pages by which the processes of a group grow, now by khugepaged and at a restart by page faults. */
type GroupGrowth = Readonly<Record<NoRoom, number>>;

/** The limited groups of a source, with the processes below them. */
export function limitedGroups(
  { processes, host, reach }: Pick<SourceDigest, 'processes' | 'host' | 'reach'>,
  model: KernelModel,
): LimitedGroup[] {
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
  return [...groups.values()].map(({ group, memory }) => {
    const query = new DigestQuery(memory);
    const growthInForce = host.settings ? growthOfGroup(query, host.settings, model) : { now: 0, restart: 0 };
    return { group, query, growthInForce };
  });
}

/** What a group would need and has not. */
export interface TightGroup {
  readonly group: MemoryGroup;
  readonly when: NoRoom;
  readonly growthPages: number;
}

/**
 * The groups without room for what settings make of their processes, unless settings in force make them grow
 * as much. Page cache counts as used, though reclaim may make room of it. Source:
 * docs/khugepaged.md#control-groups.
 */
export function tightGroups(
  groups: readonly LimitedGroup[],
  settings: ThpSettings,
  model: KernelModel,
  growth: GrowthKind,
): TightGroup[] {
  const tight: TightGroup[] = [];
  for (const { group, query, growthInForce } of groups) {
    const then = growthOfGroup(query, settings, model);
    const room = group.limitBytes - group.usedBytes;
    const lacksRoom = (when: NoRoom) =>
      then[when] > growthInForce[when] && then[when] * pageBytes(query.memory.geometry) > room;
    if (growth !== 'restart' && lacksRoom('now')) tight.push({ group, when: 'now', growthPages: then.now });
    else if (growth !== 'now' && lacksRoom('restart'))
      tight.push({ group, when: 'restart', growthPages: then.restart });
  }
  return tight;
}

/** Growth by khugepaged that limits of control groups hold back. */
export interface HeldBack {
  /** Groups without room for all of it. */
  readonly groups: readonly TightGroup[];
  /** Pages for which there is no room: those of groups inside of others once. */
  readonly pages: number;
}

/**
 * What limits hold back of the growth under settings, in the state that was read. Only sums are known: what
 * is left over is a bound for growth, as far as reclaim makes no more room.
 */
export function heldBack(
  groups: readonly LimitedGroup[],
  settings: ThpSettings,
  model: KernelModel,
): HeldBack {
  const held: { readonly group: MemoryGroup; readonly growthPages: number; readonly pages: number }[] = [];
  for (const { group, query } of groups.toSorted((a, b) => b.group.path.length - a.group.path.length)) {
    const growthPages = growthOfGroup(query, settings, model).now;
    const room = Math.max(0, group.limitBytes - group.usedBytes) / pageBytes(query.memory.geometry);
    const inside = sum(held.map((each) => (isInside(each.group, group) ? each.pages : 0)));
    const pages = growthPages - inside - Math.floor(room);
    if (pages > 0) held.push({ group, growthPages, pages });
  }
  return {
    groups: held.map(({ group, growthPages }) => ({ group, when: 'now', growthPages })),
    pages: sum(held.map(({ pages }) => pages)),
  };
}

function isInside({ path }: MemoryGroup, outer: MemoryGroup): boolean {
  return path.startsWith(outer.path.endsWith('/') ? outer.path : `${outer.path}/`);
}

/**
 * What settings come to where limits hold so many pages of growth back: what has no room is tried again in
 * every pass, in at least as many ranges as could grow by so much.
 */
export function withinLimits(worth: PolicyWorth, { pages }: HeldBack, geometry: Geometry): PolicyWorth {
  if (pages === 0) return worth;
  return {
    ...worth,
    growthPages: Math.max(0, worth.growthPages - pages),
    laterAttempts: worth.laterAttempts + Math.ceil(pages / pagesPerRange(geometry)),
  };
}

function growthOfGroup(query: DigestQuery, settings: ThpSettings, model: KernelModel): GroupGrowth {
  const { growthPages, restart } = policyWorthOf(query, settings, model);
  return { now: growthPages, restart: restart?.growthPages ?? 0 };
}
