import type { TlbReach } from '../../src/core/rules/tlb-reach.ts';

/** One TLB entry maps four pages, as on AMD Zen. */
export const ZEN: TlbReach = { pages: 4, cpu: 'AMD Zen', certainty: 'reported', source: 'a paper' };
