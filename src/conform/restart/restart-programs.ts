import { type OrderSet, orderSet } from '../../core/memory/order.ts';
import type { GuestProgram } from '../guest/guest-programs.ts';

/**
 * Sizes that programs start again under, each always enabled. Under none of them a program shows by how much
 * it differs from itself.
 */
export const RESTART_POLICIES: readonly { readonly name: string; readonly orders: OrderSet }[] = [
  { name: 'none', orders: orderSet([]) },
  { name: '64K', orders: orderSet([4]) },
  { name: '16K-64K', orders: orderSet([2, 3, 4]) },
  { name: '16K-1M', orders: orderSet([2, 3, 4, 5, 6, 7, 8]) },
  { name: '2M', orders: orderSet([9]) },
  { name: '16K-2M', orders: orderSet([2, 3, 4, 5, 6, 7, 8, 9]) },
];

/** Those that need no more than Node and a compiler: see kernel-lab/restart. */
export const RESTART_PROGRAMS: readonly GuestProgram[] = [
  { name: 'objects', command: '/bin/programs objects' },
  { name: 'sparse-maps', command: '/bin/programs sparse' },
  { name: 'node', command: 'node /objects.mjs' },
  // Without threads that collect garbage beside it, it touches the same each time.
  { name: 'node, one thread', command: 'node --single-threaded /objects.mjs' },
];
