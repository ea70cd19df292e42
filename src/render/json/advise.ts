import { sum } from '../../core/base/sum.ts';
import { ordersOf } from '../../core/memory/order.ts';
import type { PolicyCounts } from '../../core/plan/policy-counts.ts';
import { type AdviceView, blindSpots, tightGroupLines } from '../words/advise-view.ts';
import { recordingJson } from './predict.ts';
import { sweptMemoryJson } from './sweep.ts';

export function adviseJson(view: AdviceView): object {
  const { memory, model, budget, chosen, counts, currentCounts, byProcess, set, restore, source } = view;
  const { enabled, orders, maxPtesNone } = chosen.policy;
  return {
    schema: 'thpscope/advise@1',
    model: model.name,
    geometry: memory.geometry,
    memory: sweptMemoryJson(memory, source.processes.length),
    budget: { growthPages: budget.growthPages, laterAttempts: budget.laterAttempts ?? null },
    policy: { enabled, orders: ordersOf(orders), maxPtesNone },
    outcome: countsJson(counts),
    current: currentCounts ? countsJson(currentCounts) : null,
    processes: byProcess.map(({ process, residentPages, hugePages, counts: own }) => ({
      pid: process.pid,
      command: process.command,
      cgroup: process.cgroup,
      ...recordingJson(process),
      residentPages,
      hugePages,
      ...countsJson(own),
    })),
    set,
    restore: restore ?? null,
    assumed: view.assumesRegistration ? ['registration'] : [],
    unseen: [...tightGroupLines(view), ...blindSpots(view)],
  };
}

function countsJson(counts: PolicyCounts): object {
  return {
    attempts: sum(counts.attempts),
    collapses: sum(counts.collapses),
    laterAttempts: sum(counts.laterAttempts),
    newlyHugePages: counts.newlyHugePages,
    filledPages: counts.filledPages,
    swappedInPages: counts.swappedInPages,
    copiedPages: counts.copiedPages,
  };
}
