/** By what processes are listed, most first. */
export const PROCESS_ORDERS = ['growth', 'memory', 'gain'] as const;

export type ProcessOrder = (typeof PROCESS_ORDERS)[number];
