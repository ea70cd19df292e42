import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { totalDigest } from '../../src/analysis/digest/memory-digest.ts';
import { type Findings, findingsOf } from '../../src/analysis/report/findings.ts';
import { adviceSpace } from '../../src/analysis/sweep/sweep-space.ts';
import { RangeTable } from '../../src/analysis/table/range-table.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import type { ThpSettings } from '../../src/core/rules/thp-settings.ts';
import { ZEN } from '../support/reach.ts';
import { sweepAll } from '../support/sweep-all.ts';
import { type RunPolicyText, runPolicyOf } from './streams.ts';

export interface FindingsText extends RunPolicyText {
  /** The settings in force; not known by default. */
  readonly inForce?: ThpSettings;
  /** Keeps counts only, as a digest file does. */
  readonly countsOnly?: boolean;
}

/** What a report finds in memory under a policy. */
export function findingsIn(items: readonly MemoryItem[], text: FindingsText = {}): Findings {
  const table = new RangeTable(x86_64);
  const collector = new DigestCollector(x86_64, ZEN.pages);
  for (const item of items) {
    table.add(item);
    collector.add(item);
  }
  const { settings, model } = runPolicyOf(text);
  const host = {
    kernelRelease: '7.2.0',
    time: '2026-01-01T00:00:00.000Z',
    geometry: x86_64,
    settings: text.inForce,
  };
  const digest = { host, reach: ZEN, processes: collector.finish(), skipped: [], notes: [] };
  const memory = totalDigest(digest);
  // Three limits are enough to choose among, and are swept at once.
  const all = adviceSpace(memory, model, ['always'], text.inForce ?? settings);
  const space = { ...all, maxPtesNone: [0, 100, 511] };
  const values = sweepAll(memory, space);
  return findingsOf({ digest, table: text.countsOnly ? undefined : table }, settings, model, space, values);
}
