import { z } from 'zod';
import { REACH_CERTAINTIES } from '../core/rules/tlb-reach.ts';
import { hostSchema } from '../snapshot/host-schema.ts';

/**
 * What decides about a host besides its memory, as the column `facts` of `hosts` has it: alike on hosts that
 * are alike.
 */
const { settings, khugepaged, shrinkUnderused, zoneReclaim, cpu } = hostSchema.shape;
const hostFacts = z.object({ settings, khugepaged, shrinkUnderused, zoneReclaim, cpu }).extend({
  tlb: z.strictObject({
    pages: z.int().min(1),
    cpu: z.string(),
    certainty: z.enum(REACH_CERTAINTIES),
    source: z.string(),
  }),
});

export type HostFacts = z.infer<typeof hostFacts>;

/** The facts in a text of the column; undefined where it is none. */
export function hostFactsOf(text: string): HostFacts | undefined {
  try {
    return hostFacts.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
