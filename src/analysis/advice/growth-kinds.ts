/**
 * Of which growth a budget speaks, and whose TLB entries count: khugepaged's, page faults' after a restart.
 */
export const GROWTH_KINDS = ['now', 'restart', 'both'] as const;
export type GrowthKind = (typeof GROWTH_KINDS)[number];
