import { below, pick, type Random } from '../core/base/random.ts';
import type { PageAct } from '../core/fault/history.ts';
import { pagesPerRange } from '../core/memory/geometry.ts';
import { asOrder, MIN_ANON_ORDER } from '../core/memory/order.ts';
import type { PageSpan } from '../core/memory/page-span.ts';
import { SIZE_WORDS, type SizeWord, TOP_LEVEL_WORDS } from '../core/rules/settings-words.ts';
import type { FaultHistory } from './fault-history.ts';
import { PROBE_GEOMETRY } from './probe-batch.ts';

const PAGES = pagesPerRange(PROBE_GEOMETRY);

/** Histories of a batch: settings cost more than the touches of one. */
const BATCH_HISTORIES = 50;

/** The batches of the fault suite: `count` histories in all. A seed reproduces them. */
export function* faultBatches(count: number, random: Random): Generator<FaultHistory[]> {
  for (let left = count; left > 0; left -= BATCH_HISTORIES)
    yield Array.from({ length: Math.min(left, BATCH_HISTORIES) }, () => randomHistory(random));
}

function randomHistory(random: Random): FaultHistory {
  const vma = randomVma(random);
  const acts = Array.from({ length: 1 + below(12, random) }, () => randomAct(vma, random));
  const advice = pick(['hugepage', 'hugepage', undefined, undefined, 'nohugepage'] as const, random);
  return {
    enabled: pick(TOP_LEVEL_WORDS, random),
    sizes: randomSizes(random),
    advice: random() < 0.7 && advice === 'nohugepage' ? undefined : advice,
    hugeZeroPage: random() < 0.7,
    vma,
    acts,
  };
}

/** Every edge is as likely as none: ends at, before and behind the borders of windows. */
function randomVma(random: Random): PageSpan {
  const start = random() < 0.4 ? 0 : pick([1, 3, 4, 8, 60, 64, 255, 256, below(PAGES, random)], random);
  const length = pick([1, 4, 20, 64, PAGES - 5, PAGES, 2 * PAGES, 1 + below(2 * PAGES, random)], random);
  return { start, end: start + length };
}

/** Half the time sizes that are always on or off, else any word for each. */
function randomSizes(random: Random): FaultHistory['sizes'] {
  const words: readonly SizeWord[] = random() < 0.5 ? ['always', 'never'] : SIZE_WORDS;
  const sizes = Array.from({ length: PROBE_GEOMETRY.pmdOrder - 1 }, () => pick(words, random));
  return new Map(sizes.map((word, i) => [asOrder(MIN_ANON_ORDER + i), word]));
}

function randomAct({ start, end }: PageSpan, random: Random): PageAct {
  const kind = pick(['write', 'write', 'write', 'read', 'dontneed'] as const, random);
  const first = start + below(end - start, random);
  if (kind === 'dontneed' && random() < 0.4) return wholeRange(first, { start, end });
  const most = pick([1, 1, 1, 8, 70, 700], random);
  return { kind, first, end: Math.min(end, first + 1 + below(most, random)) };
}

/** All pages of the VMA in the PMD range of a page. */
function wholeRange(page: number, { start, end }: PageSpan): PageAct {
  const first = page - (page % PAGES);
  return { kind: 'dontneed', first: Math.max(start, first), end: Math.min(end, first + PAGES) };
}
