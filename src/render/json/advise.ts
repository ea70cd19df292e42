import type { Advice, EnabledOrders, JudgedSettings } from '../../analysis/advice/advise.ts';
import { cacheSums } from '../../analysis/cache/cache-digest.ts';
import type { CacheWorth } from '../../analysis/cache/cache-query.ts';
import { processCount } from '../../analysis/digest/memory-digest.ts';
import { memoryTlbEntries, type PolicyWorth } from '../../analysis/digest/policy-worth.ts';
import type { ProcessWorth } from '../../analysis/digest/process-worth.ts';
import { isBeyondAvailable } from '../../analysis/reading/fleet-facts.ts';
import { sum } from '../../core/base/sum.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { ordersOf, uniteOrders } from '../../core/memory/order.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import {
  type AdviceView,
  blindSpots,
  everyoneLine,
  groupLines,
  lossLines,
  otherGrowthLines,
} from '../words/advise/advise-view.ts';
import type { MeasuredWalks } from '../words/advise/measured-walks.ts';
import type { PlanView } from '../words/advise/plan-view.ts';
import { switchesOf } from '../words/advise/program-switches.ts';
import { reachJson, recordingJson } from './predict.ts';
import { sweptMemoryJson } from './sweep.ts';

/** `planned` is the plan by service where one was asked for. */
export function adviseJson(view: AdviceView, planned?: PlanView): object {
  const { memory, model, budget, advice, byProcess, source, fleet } = view;
  const { geometry } = memory;
  const { leave, advised, inForce, asked, set, restore, switchedOff } = advice;
  return {
    schema: 'thpscope/advise@2',
    model: model.name,
    geometry,
    tlb: reachJson(source.reach),
    memory: {
      ...sweptMemoryJson(memory, processCount(source.processes)),
      tlbEntries: memoryTlbEntries(memory),
    },
    budget: {
      growth: budget.growth,
      growthPages: Number.isFinite(budget.growthPages) ? budget.growthPages : null,
      laterAttempts: budget.laterAttempts ?? null,
      within: budget.within,
    },
    leave,
    advised: judgedJson(advised),
    inForce: inForce ? { ...judgedJson(inForce), keepsBudget: inForce.keepsBudget } : null,
    asked: asked
      ? {
          ...judgedJson(asked),
          keepsBudget: asked.keepsBudget,
          losesReach: asked.losesReach,
          gains: asked.gains,
        }
      : null,
    processes: fleet
      ? []
      : byProcess.map((each) => ({
          pid: each.process.pid,
          command: each.process.command,
          cgroup: each.process.cgroup,
          ...recordingJson(each.process),
          ...ownJson(each),
        })),
    ...(fleet && { fleet: fleetJson(fleet, byProcess, geometry) }),
    switchedOff: switchedOff.map(({ order, processes }) => ({
      order,
      processes: processes.map(({ process: { pid, command }, count, pages }) => ({
        pid: count === undefined ? pid : null,
        command,
        pages,
      })),
    })),
    pass: view.pass
      ? {
          pagesToScan: view.pass.pace.pagesToScan,
          scanSleepMillisecs: view.pass.pace.scanSleepMs,
          ranges: view.pass.ranges,
          millisecs: view.pass.millisecs,
        }
      : null,
    set,
    restore: restore ?? null,
    pageCache: view.cache ? pageCacheJson(view, planned?.following ?? advice) : null,
    measured: view.measured ? measuredJson(view.measured) : null,
    plan: planned ? planJson(planned) : null,
    assumed: view.assumesRegistration ? ['registration'] : [],
    unseen: [
      ...(leave ? [] : [everyoneLine(view)]),
      ...otherGrowthLines(advice, budget, memory),
      ...lossLines(advice, geometry),
      ...groupLines(advice, geometry),
      ...blindSpots({ source, memory, model, advised, leave }),
    ],
  };
}

/** What is known of some memory, and what settings do to it. */
function ownJson({ memory, worth }: ProcessWorth): object {
  return {
    residentPages: memory.residentPages,
    hugePages: memory.hugePages,
    tlbEntries: memoryTlbEntries(memory),
    ...worthJson(worth),
  };
}

/** Hosts that are listed, the worst ones. */
const HOSTS_LISTED = 100;

function fleetJson(
  { facts, growing }: NonNullable<AdviceView['fleet']>,
  parts: readonly ProcessWorth[],
  geometry: Geometry,
): object {
  return {
    hosts: facts.hosts,
    oldest: facts.oldest,
    newest: facts.newest,
    skippedProcesses: facts.skipped,
    settings: facts.settings.map(({ settings, hosts }) => ({
      hosts,
      settings: settings ? plainSettingsJson(settings) : null,
    })),
    leftOut: facts.leftOut,
    parts: parts.map((each) => ({
      service: each.service ?? null,
      command: each.process.command,
      processes: each.count ?? 1,
      ...ownJson(each),
    })),
    growingHosts: growing.length,
    hostsBeyondAvailable: growing.filter((each) => isBeyondAvailable(each, geometry)).length,
    worstHosts: growing.slice(0, HOSTS_LISTED).map(({ host, now, restart, availableBytes }) => ({
      host,
      growthPages: now,
      restartGrowthPages: restart,
      availableBytes: availableBytes ?? null,
    })),
  };
}

/** What an advice does to the page cache, and what it leaves to settings of shared memory. */
function pageCacheJson({ cache, offer }: AdviceView, { advised, inForce }: Advice): object {
  return {
    inForce: inForce?.cache ? cacheWorthJson(inForce.cache.worth) : null,
    advised: advised.cache ? cacheWorthJson(advised.cache.worth) : null,
    moreGrowthPages: advised.cache?.moreGrowthPages ?? null,
    unreadFiles: cache ? cacheSums(cache.digest).unreadFiles : 0,
    assumesShmem: cache?.assumesShmem === true,
    sharedMemory: offer
      ? {
          kinds: offer.kinds.map(({ kind, tally, now }) => ({
            kind,
            cachedPages: tally.cachedPages,
            newlyHugePages: tally.collapsedPages - now.collapsedPages,
            growthPages: tally.growthPages - now.growthPages,
            unmappedPages: tally.unseenMappings > 0 ? null : tally.unmappedPages - now.unmappedPages,
          })),
          set: offer.set,
          restore: offer.restore,
        }
      : null,
  };
}

function cacheWorthJson({ unmappedPages, ...worth }: CacheWorth): object {
  return { ...worth, unmappedPages: unmappedPages ?? null };
}

function measuredJson({ ns, counted }: MeasuredWalks): object {
  if (!counted.ok) return { seconds: ns / 1e9, unavailable: counted.failure.message };
  const { cycles, walks, events } = counted.value;
  return {
    seconds: ns / 1e9,
    counts: events.counts,
    cycles,
    walks,
    events: events.events.map(({ name }) => name),
    source: events.source,
  };
}

function planJson({ plan, following, dropIns, systemd }: PlanView): object {
  return {
    settings: settingsJson(plan.settings, following.advised.orders),
    tlbEntries: plan.tlbEntries,
    restartTlbEntries: plan.restartTlbEntries,
    growthPages: plan.growth.now,
    restartGrowthPages: plan.growth.restart,
    laterAttempts: plan.laterAttempts,
    keepsBudget: plan.keepsBudget,
    services: plan.services.map((each) => ({
      name: each.service.name,
      kind: each.service.service.kind,
      processes: each.service.processes
        .filter(({ count }) => count === undefined)
        .map(({ process }) => process.pid),
      count: processCount(each.service.processes),
      commands: each.service.commands,
      residentPages: each.service.query.memory.residentPages,
      tlbEntries: memoryTlbEntries(each.service.query.memory),
      budgetPages: Number.isFinite(each.sharePages) ? each.sharePages : null,
      withoutRoom: each.hasNoRoom,
      matters: each.matters,
      outcome: worthJson(each.worth),
      optOut: each.optOut ? { memoryTHP: each.optOut.word, outcome: worthJson(each.optOut.worth) } : null,
      switches: each.service.commands
        .flatMap(switchesOf)
        .map(({ program, says, source }) => ({ program, says, source })),
    })),
    dropIns: dropIns.map(({ path, unit, lines }) => ({ path, unit, content: `${lines.join('\n')}\n` })),
    systemd: systemd ?? null,
    set: following.set,
    restore: following.restore ?? null,
  };
}

function judgedJson({ settings, orders, worth, tight, held }: JudgedSettings): object {
  return {
    settings: settingsJson(settings, orders),
    outcome: worthJson(worth),
    withoutRoom: [...tight, ...held.groups].map(({ group, when, growthPages }) => ({
      cgroup: group.path,
      when,
      growthPages,
    })),
  };
}

function settingsJson(settings: ThpSettings, { forAll, onlyAdvised }: EnabledOrders): object {
  const { enabled, sizes, ...limits } = plainSettingsJson(settings);
  const orders = { always: ordersOf(forAll), madvise: ordersOf(uniteOrders(forAll, onlyAdvised)) };
  return { enabled, sizes, orders, ...limits };
}

/** THP settings; `sizes` by order. */
export function plainSettingsJson({ enabled, sizes, maxPtesNone, maxPtesSwap, maxPtesShared }: ThpSettings) {
  const words = Object.fromEntries([...sizes].sort(([a], [b]) => a - b));
  return { enabled, sizes: words, maxPtesNone, maxPtesSwap, maxPtesShared };
}

function worthJson({ counts, tlbEntries, growthPages, laterAttempts, restart }: PolicyWorth): object {
  return {
    now: {
      tlbEntries,
      growthPages,
      laterAttempts,
      attempts: sum(counts.attempts),
      collapses: sum(counts.collapses),
      newlyHugePages: counts.newlyHugePages,
      filledPages: counts.filledPages,
      swappedInPages: counts.swappedInPages,
      copiedPages: counts.copiedPages,
      copiedSharedPages: counts.copiedSharedPages,
    },
    restart: restart
      ? {
          tlbEntries: restart.tlbEntries,
          growthPages: restart.growthPages,
          touchedPages: restart.counts.touchedPages,
          pagesByOrder: Object.fromEntries(
            restart.counts.pagesByOrder.flatMap((pages, order) => (pages > 0 ? [[order, pages]] : [])),
          ),
        }
      : null,
  };
}
