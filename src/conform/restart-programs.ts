import { type OrderSet, orderSet } from '../core/memory/order.ts';

/** Sizes that programs start again under, each always enabled. */
export const RESTART_POLICIES: readonly { readonly name: string; readonly orders: OrderSet }[] = [
  { name: '64K', orders: orderSet([4]) },
  { name: '16K-64K', orders: orderSet([2, 3, 4]) },
  { name: '16K-1M', orders: orderSet([2, 3, 4, 5, 6, 7, 8]) },
  { name: '2M', orders: orderSet([9]) },
  { name: '16K-2M', orders: orderSet([2, 3, 4, 5, 6, 7, 8, 9]) },
];

/** Programs that make their memory, print a line and wait: see kernel-lab/restart. */
export const RESTART_PROGRAMS: readonly { readonly name: string; readonly command: string }[] = [
  { name: 'objects', command: '/bin/programs objects' },
  { name: 'sparse-maps', command: '/bin/programs sparse' },
  { name: 'node', command: 'node /objects.mjs' },
];
