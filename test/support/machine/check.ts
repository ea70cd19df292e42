import type { Machine } from '../../../src/machine/machine.ts';
import { checkCache } from './check-cache.ts';
import { checkFrames } from './check-frames.ts';
import { checkMappings } from './check-mappings.ts';
import { checkTotals, type HeldReferences } from './check-totals.ts';

export type { HeldReferences };

const NOTHING_HELD: HeldReferences = new Map();

/**
 * Everything that is wrong with a machine, one sentence each; empty if it is sound. It recounts all state
 * from the page tables and frames and shares no bookkeeping with the operations, so that it can find their
 * mistakes: every frame has one owner, free blocks are listed and merged, references and map counts are
 * explained, reverse mapping finds every mapping, RSS, memcg charges, swap uses and gauges add up. Takes time
 * in proportion to the machine.
 */
export function checkMachine(machine: Machine, held: HeldReferences = NOTHING_HELD): string[] {
  const { problems, owners } = checkFrames(machine);
  // Counting over a broken frame table would only repeat it, at length.
  if (problems.length > 0) return problems;
  const mappings = checkMappings(machine);
  return [
    ...mappings.problems,
    ...checkCache(machine, owners.files),
    ...checkTotals(machine, owners, mappings, held),
  ];
}
