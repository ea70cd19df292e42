/** A service under settings for the whole machine, against the same service without them. */
export interface ServiceStake {
  /** TLB entries that the settings save it. */
  readonly savedEntries: number;
  /** Pages by which it grows: by khugepaged, and by page faults when it starts again. */
  readonly growth: Growth;
  /** The same if it opts out: of what it asked for by MADV_HUGEPAGE, where that stays. */
  readonly growthWithout: Growth;
  /** Its part of the budget, by its part of the memory. */
  readonly sharePages: number;
  readonly canOptOut: boolean;
  /** Its control groups have no room for its growth. */
  readonly hasNoRoom: boolean;
}

/** Pages, by khugepaged now and by page faults at a restart. */
export interface Growth {
  readonly now: number;
  readonly restart: number;
}

/** The larger of both: a budget holds for each. */
export function largerGrowth({ now, restart }: Growth): number {
  return Math.max(now, restart);
}

/**
 * Which services opt out so that the rest keeps a budget, by their places; undefined where no choice keeps
 * it. Those without room in their control groups always do. Of those that grow beyond their share, those go
 * first that save the fewest TLB entries for a page of growth: exchanging one of them for another that saves
 * more a page could only lose. Then who still fits comes back, the one with the most to save first. With one
 * kind of growth this misses the best choice by the savings of one service at the most.
 */
export function chooseOptOuts(stakes: readonly ServiceStake[], budgetPages: number): Set<number> | undefined {
  const out = new Set<number>();
  for (const [at, stake] of stakes.entries()) {
    if (!stake.hasNoRoom) continue;
    if (!stake.canOptOut) return undefined;
    out.add(at);
  }
  const fits = () => largerGrowth(growthWith(stakes, out)) <= budgetPages;
  const beyond = [...stakes.keys()]
    .filter((at) => stakes[at].canOptOut && !out.has(at))
    .filter((at) => largerGrowth(stakes[at].growth) > stakes[at].sharePages)
    .sort((a, b) => savedByPage(stakes[a]) - savedByPage(stakes[b]) || a - b);
  const went: number[] = [];
  for (const at of beyond) {
    if (fits()) break;
    out.add(at);
    went.push(at);
  }
  if (!fits()) return undefined;
  for (const at of went.sort((a, b) => stakes[b].savedEntries - stakes[a].savedEntries || a - b)) {
    out.delete(at);
    if (!fits()) out.add(at);
  }
  return out;
}

/** What all services grow by if these opt out. */
export function growthWith(stakes: readonly ServiceStake[], out: ReadonlySet<number>): Growth {
  const sum = { now: 0, restart: 0 };
  for (const [at, { growth, growthWithout }] of stakes.entries()) {
    const each = out.has(at) ? growthWithout : growth;
    sum.now += each.now;
    sum.restart += each.restart;
  }
  return sum;
}

/** What opting out loses for each page that it spares. */
function savedByPage({ savedEntries, growth, growthWithout }: ServiceStake): number {
  const spared = largerGrowth({
    now: growth.now - growthWithout.now,
    restart: growth.restart - growthWithout.restart,
  });
  return spared > 0 ? savedEntries / spared : Number.POSITIVE_INFINITY;
}
