import type { EnabledOrders, JudgedSettings } from '../../analysis/advise.ts';
import { memoryTlbEntries, type PolicyWorth } from '../../analysis/policy-worth.ts';
import { sum } from '../../core/base/sum.ts';
import { ordersOf, uniteOrders } from '../../core/memory/order.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import {
  type AdviceView,
  blindSpots,
  lossLines,
  otherGrowthLines,
  tightGroupLines,
} from '../words/advise-view.ts';
import { reachJson, recordingJson } from './predict.ts';
import { sweptMemoryJson } from './sweep.ts';

export function adviseJson(view: AdviceView): object {
  const { memory, model, budget, advice, byProcess, source } = view;
  const { geometry } = memory;
  const { leave, advised, inForce, set, restore, switchedOff } = advice;
  return {
    schema: 'thpscope/advise@2',
    model: model.name,
    geometry,
    tlb: reachJson(source.reach),
    memory: { ...sweptMemoryJson(memory, source.processes.length), tlbEntries: memoryTlbEntries(memory) },
    budget: {
      growth: budget.growth,
      growthPages: Number.isFinite(budget.growthPages) ? budget.growthPages : null,
      laterAttempts: budget.laterAttempts ?? null,
      within: budget.within,
    },
    leave,
    advised: judgedJson(advised),
    inForce: inForce ? { ...judgedJson(inForce), keepsBudget: inForce.keepsBudget } : null,
    processes: byProcess.map(({ process, memory: own, worth }) => ({
      pid: process.pid,
      command: process.command,
      cgroup: process.cgroup,
      ...recordingJson(process),
      residentPages: own.residentPages,
      hugePages: own.hugePages,
      tlbEntries: memoryTlbEntries(own),
      ...worthJson(worth),
    })),
    switchedOff: switchedOff.map(({ order, processes }) => ({
      order,
      processes: processes.map(({ process: { pid, command }, pages }) => ({ pid, command, pages })),
    })),
    set,
    restore: restore ?? null,
    assumed: view.assumesRegistration ? ['registration'] : [],
    unseen: [
      ...otherGrowthLines(advice, budget, memory),
      ...lossLines(advice, geometry),
      ...tightGroupLines(advised.tight, geometry),
      ...blindSpots({ source, memory, model, advised }),
    ],
  };
}

function judgedJson({ settings, orders, worth, tight }: JudgedSettings): object {
  return {
    settings: settingsJson(settings, orders),
    outcome: worthJson(worth),
    withoutRoom: tight.map(({ group, when, growthPages }) => ({ cgroup: group.path, when, growthPages })),
  };
}

function settingsJson(settings: ThpSettings, { forAll, onlyAdvised }: EnabledOrders): object {
  const { enabled, sizes, maxPtesNone, maxPtesSwap, maxPtesShared } = settings;
  return {
    enabled,
    sizes: Object.fromEntries([...sizes].sort(([a], [b]) => a - b)),
    orders: {
      always: ordersOf(forAll),
      madvise: ordersOf(uniteOrders(forAll, onlyAdvised)),
    },
    maxPtesNone,
    maxPtesSwap,
    maxPtesShared,
  };
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
