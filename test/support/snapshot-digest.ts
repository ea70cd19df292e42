import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import type { SourceDigest } from '../../src/analysis/digest/memory-digest.ts';
import { tlbReachOf } from '../../src/core/rules/tlb-reach.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { valueOf } from './ranges.ts';

/** The digest of a recording, as `thpscope digest FILE` makes it. */
export async function digestOfSnapshot(path: string): Promise<SourceDigest> {
  const file = valueOf(await openSnapshotFile(path));
  const reach = tlbReachOf(file.host.cpu, file.host.geometry);
  const collector = new DigestCollector(file.host.geometry, reach.pages, { surroundings: file.host });
  for await (const item of file.items()) collector.add(item);
  file.close();
  return { host: file.host, reach, processes: collector.finish(), skipped: [], notes: [] };
}
