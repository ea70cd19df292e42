import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type CorpusBatch, type CorpusDaemon, parseCorpusLine } from '../../src/conform/corpus.ts';
import { valueOf } from '../support/ranges.ts';

/** Where recorded answers come from: the first line of a corpus. */
interface CorpusHead {
  readonly kernel: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly recorded: string;
  readonly seed: number;
}

export const RECORDED_KERNELS = ['7.2', '7.3'] as const;

/** What a real kernel was recorded to do: see scripts/record-corpus.mjs. */
export function readCorpus(series: (typeof RECORDED_KERNELS)[number]): {
  head: CorpusHead;
  batches: CorpusBatch[];
  daemons: CorpusDaemon[];
} {
  const [head, ...lines] = gunzipSync(readFileSync(`test/fixtures/corpus/${series}.jsonl.gz`))
    .toString('utf8')
    .split('\n');
  const entries = lines.map((line) => valueOf(parseCorpusLine(line)));
  return {
    head: JSON.parse(head),
    batches: entries.filter((entry) => !isDaemon(entry)),
    daemons: entries.filter(isDaemon),
  };
}

function isDaemon(entry: CorpusBatch | CorpusDaemon): entry is CorpusDaemon {
  return entry.suite === 'daemon';
}
