import type { Guest } from '../../src/conform/guest/guest.ts';
import { GUEST_MACHINES } from '../../src/conform/guest/guest-machines.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';

export const KERNEL = {
  name: '7.3',
  version: '7.3.4',
  path: '',
  modules: [],
  machine: GUEST_MACHINES.amd64,
  model: KERNEL_MODELS['linux-7.3'],
};
export const SERVER = { name: 'server', command: 'server', fill: 'fill' };

/** A guest that answers each line as it is told, and keeps what it was asked. */
export function guestAnswering(
  answer: (line: string) => string[],
): Guest & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  return {
    lines,
    features: new Set(),
    ask: async ([line]) => {
      lines.push(line);
      return succeed(answer(line));
    },
    stop: async () => {},
  };
}
