import { memoryDigestJson } from '../../src/analysis/digest/digest-json.ts';
import type { MemoryDigest } from '../../src/analysis/digest/memory-digest.ts';

/** A digest as JSON, without an order of what has none. */
export function comparableDigest(memory: MemoryDigest) {
  const json = memoryDigestJson(memory);
  const sorted = (each: (typeof json)['unadvised']) =>
    each && {
      ...each,
      apart: each.apart.map((state) => JSON.stringify(state)).sort(),
      folios: each.folios.map(String).sort(),
    };
  return {
    ...json,
    assumed: [...json.assumed].sort(),
    refused: new Map(Object.entries(json.refused)),
    unadvised: sorted(json.unadvised),
    hugepage: sorted(json.hugepage),
  };
}
