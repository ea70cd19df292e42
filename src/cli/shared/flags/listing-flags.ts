import { PROCESS_ORDERS, type ProcessOrder } from '../../../analysis/prediction/process-orders.ts';
import { optionalNumber } from './flag-kinds.ts';

/** Tables of processes: for every command that prints one. */
export type ListingFlags = {
  readonly sort?: ProcessOrder;
  readonly top?: number;
};

export const listingFlags = {
  sort: {
    kind: 'enum',
    values: PROCESS_ORDERS,
    optional: true,
    brief:
      'Order of the table of processes: by growth of resident memory, memory, or huge memory gained; by growth if there is any',
  },
  top: optionalNumber('N', 'Processes in that table at most; one line adds up the others'),
} as const;
