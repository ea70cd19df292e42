import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  CACHE_GEOMETRY,
  CACHE_LISTS,
  type CacheBatch,
  type CacheMapping,
  cacheMapping,
  type MappedKind,
} from '../../src/conform/cache/batch.ts';
import { type CacheReport, parseCacheReport } from '../../src/conform/cache/report.ts';
import { setPages, wordsPerRange } from '../../src/core/memory/occupancy.ts';
import { TOP_LEVEL_WORDS } from '../../src/core/rules/settings-words.ts';
import { SHMEM_SIZE_WORDS, SHMEM_WORDS } from '../../src/core/rules/shmem-settings.ts';
import { valueOf } from '../support/ranges.ts';

/** Reads lines that `cacheRequest` wrote. */
export function parseCacheRequest([head, ...lines]: readonly string[]): CacheBatch {
  const [, enabled, shmem, size, none, swap] = head.split(' ');
  return {
    enabled: TOP_LEVEL_WORDS.find((word) => word === enabled) ?? 'never',
    shmem: SHMEM_WORDS.find((word) => word === shmem) ?? 'never',
    size: SHMEM_SIZE_WORDS.find((word) => word === size) ?? 'never',
    maxPtesNone: Number(none),
    maxPtesSwap: Number(swap),
    mappings: lines.map(parseMapping),
  };
}

function parseMapping(line: string): CacheMapping {
  const [kind, ranges, ...words] = line.split(' ');
  const values = new Map(words.map((word) => word.split('=') as [string, string | undefined]));
  const lists = CACHE_LISTS.map((list) => [list, parseList(values.get(list) ?? '', Number(ranges))]);
  return cacheMapping(kind as MappedKind, Number(ranges), {
    advice: (['hugepage', 'nohugepage'] as const).find((word) => values.has(word)),
    private: values.has('private'),
    readonly: values.has('readonly'),
    exec: values.has('exec'),
    filled: values.has('filled'),
    random: values.has('random'),
    ...(values.has('bytes') ? { bytes: Number(values.get('bytes')) } : {}),
    offset: Number(values.get('offset') ?? 0),
    shift: Number(values.get('shift') ?? 0),
    folioOrder: Number(values.get('folio') ?? 0),
    ...Object.fromEntries(lists),
  });
}

function parseList(text: string, ranges: number): Uint32Array {
  const pages = new Uint32Array(ranges * wordsPerRange(CACHE_GEOMETRY));
  for (const run of text.split(',').filter(Boolean)) {
    const [first, last = first] = run.split('-').map(Number);
    setPages(pages, first, last - first + 1);
  }
  return pages;
}

export interface RecordedCache {
  readonly suite: string;
  readonly batch: CacheBatch;
  readonly report: CacheReport;
}

/** What was recorded of a kernel by scripts/record-cache.mjs. */
export function readCacheCorpus(series: string): RecordedCache[] {
  const [, ...lines] = gunzipSync(readFileSync(`test/fixtures/corpus/cache-${series}.jsonl.gz`))
    .toString('utf8')
    .split('\n');
  return lines.map((line) => {
    const { suite, request, answer } = JSON.parse(line) as {
      suite: string;
      request: string[];
      answer: string[];
    };
    const batch = parseCacheRequest(request);
    return { suite, batch, report: valueOf(parseCacheReport(batch, answer)) };
  });
}
