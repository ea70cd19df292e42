import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import {
  type MemoryDigest,
  type SourceDigest,
  totalDigest,
} from '../../src/analysis/digest/memory-digest.ts';
import { type Prediction, predictMemory } from '../../src/analysis/prediction/prediction.ts';
import type { Host, MemoryItem } from '../../src/core/rules/memory-source.ts';
import { tlbReachOf } from '../../src/core/rules/tlb-reach.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import type { PolicyChoice } from '../../web/policy/choice.ts';
import { runPolicyOf } from '../../web/policy/run-policy.ts';
import { valueOf } from '../support/ranges.ts';

/** A snapshot as the library reads it, for what a page should say of it. */
export interface KnownMemory {
  readonly host: Host;
  readonly digest: SourceDigest;
  readonly memory: MemoryDigest;
  readonly query: DigestQuery;
  predict(choice: PolicyChoice): Promise<Prediction>;
}

export async function readKnown(path: string): Promise<KnownMemory> {
  const snapshot = valueOf(await openSnapshotFile(path));
  const { host } = snapshot;
  const items: MemoryItem[] = [];
  for await (const item of snapshot.items()) items.push(item);
  snapshot.close();
  const reach = tlbReachOf(host.cpu, host.geometry);
  const collector = new DigestCollector(host.geometry, reach.pages);
  for (const item of items) collector.add(item);
  const digest: SourceDigest = { host, reach, processes: collector.finish(), skipped: [], notes: [] };
  const memory = totalDigest(digest);
  async function* again() {
    yield* items;
  }
  const predictions = new Map<string, Promise<Prediction>>();
  return {
    host,
    digest,
    memory,
    query: new DigestQuery(memory),
    predict(choice) {
      const key = JSON.stringify(choice);
      const known = predictions.get(key) ?? predictMemory(again(), host.geometry, runPolicyOf(choice));
      predictions.set(key, known);
      return known;
    },
  };
}
