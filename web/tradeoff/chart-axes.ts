import { COLLAPSE_AXES, type FrontAxes } from '../../src/analysis/sweep/pareto.ts';

/** The axes that a link asks for: `cost=restart`, `gain=tlb`. */
export function axesFromParams(params: Readonly<Record<string, string>>): FrontAxes {
  return {
    cost: params.cost === 'restart' ? 'restartGrowthPages' : COLLAPSE_AXES.cost,
    gain: params.gain === 'tlb' ? 'tlbEntries' : COLLAPSE_AXES.gain,
  };
}

/** What the axes are called, by the words that a link has for them. */
export const COSTS = {
  growth: 'growth of RSS by khugepaged',
  restart: 'growth after a restart, by page faults',
} as const;
export const GAINS = {
  huge: 'memory in use that lies in huge pages',
  tlb: 'TLB entries when khugepaged is done, fewer above',
} as const;
