import { isEmpty, withoutBlock } from '../../core/memory/occupancy.ts';
import { CACHE_LISTS, type CacheBatch, type CacheMapping, coveredPages } from './batch.ts';

/** Questions that a shrink may ask; each takes some tenths of a second. */
const MOST_QUESTIONS = 120;

/** The smallest batch that still differs, as long as any simpler one does. */
export async function shrinkCacheBatch<Found>(
  batch: CacheBatch,
  differs: (batch: CacheBatch) => Promise<Found | undefined>,
): Promise<{ readonly batch: CacheBatch; readonly found: Found } | undefined> {
  let smallest: { batch: CacheBatch; found: Found } | undefined;
  let questions = 0;
  for (let shrunk = true; shrunk; ) {
    shrunk = false;
    for (const simpler of simplerBatches(smallest?.batch ?? batch)) {
      if (++questions > MOST_QUESTIONS) return smallest;
      const found = await differs(simpler);
      if (found === undefined) continue;
      smallest = { batch: simpler, found };
      shrunk = true;
      break;
    }
  }
  return smallest;
}

/** Simpler batches, the greatest steps first. */
function* simplerBatches(batch: CacheBatch): Generator<CacheBatch> {
  if (batch.mappings.length > 1) {
    for (const mapping of batch.mappings) yield { ...batch, mappings: [mapping] };
    return;
  }
  for (const mapping of simplerMappings(batch.mappings[0])) yield { ...batch, mappings: [mapping] };
}

const FLAGS = ['private', 'readonly', 'exec', 'filled'] as const;

function* simplerMappings(mapping: CacheMapping): Generator<CacheMapping> {
  const none = new Uint32Array(mapping.written.length);
  for (const flag of FLAGS) if (mapping[flag]) yield { ...mapping, [flag]: false };
  if (mapping.advice !== undefined) yield { ...mapping, advice: undefined };
  if (mapping.folioOrder > 0) yield { ...mapping, folioOrder: 0 };
  for (const list of CACHE_LISTS) if (!isEmpty(mapping[list])) yield { ...mapping, [list]: none };
  for (const list of CACHE_LISTS) {
    for (let size = coveredPages(mapping) >> 1; size >= 8; size >>= 1) {
      for (let first = 0; first < coveredPages(mapping); first += size) {
        const kept = withoutBlock(mapping[list], first, size);
        if (kept) yield { ...mapping, [list]: kept };
      }
    }
  }
}
