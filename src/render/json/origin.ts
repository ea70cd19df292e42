import type { MemoryOrigin } from '../../core/rules/memory-source.ts';

/** Which thpscope answers, and about which memory. */
export function originJson(origins: readonly MemoryOrigin[], version: string) {
  return {
    thpscope: version,
    read: origins.map(({ source, live, host, hosts, kernelRelease, time, lastTime }) => ({
      source,
      live,
      host: host ?? null,
      hosts,
      kernelRelease,
      time,
      lastTime,
    })),
  };
}
