import { totalCost } from '../../analysis/reading/total-cost.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import type { ProcessCost, ReadingCost } from '../../core/rules/reading-cost.ts';

/** Which thpscope answers, and about which memory. */
export function originJson(origins: readonly MemoryOrigin[], version: string) {
  return {
    thpscope: version,
    read: origins.map(({ source, live, host, hosts, kernelRelease, time, lastTime, leftOut, costs }) => ({
      source,
      live,
      host: host ?? null,
      hosts,
      kernelRelease,
      time,
      lastTime,
      leftOut,
      cost: costs && costJson(costs),
    })),
  };
}

function costJson(costs: readonly ProcessCost[]) {
  const processes = costs.map((each) => ({ pid: each.pid, ...millisecondsOf(each) }));
  return { ...millisecondsOf(totalCost(costs)), processes };
}

function millisecondsOf({ wallNs, cpuNs, underLocksNs }: ReadingCost) {
  const ms = (ns: number) => Math.round(ns / 1000) / 1000;
  return { wallMs: ms(wallNs), cpuMs: ms(cpuNs), underLocksMs: ms(underLocksNs) };
}
