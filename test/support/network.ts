import type { Network } from '../../src/fleet/stores/s3-request.ts';

/** The network, where waiting takes no time: `pauses` are asked for in milliseconds. */
export function network(pauses: number[] = [], timeout = 60_000): Network {
  return {
    fetch,
    now: Date.now,
    random: () => 0.5,
    sleep: async (milliseconds) => void pauses.push(milliseconds),
    timeout,
  };
}
