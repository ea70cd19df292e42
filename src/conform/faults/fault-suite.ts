import { below, pick, type Random } from '../../core/base/random.ts';
import type { PageAct } from '../../core/fault/history.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { asOrder, MIN_ANON_ORDER } from '../../core/memory/order.ts';
import type { PageSpan } from '../../core/memory/page-span.ts';
import { SIZE_WORDS, type SizeWord, TOP_LEVEL_WORDS } from '../../core/rules/settings-words.ts';
import { GUEST_MACHINES, type GuestMachine } from '../guest/guest-machines.ts';
import type { FaultHistory } from './fault-history.ts';

/** Histories of a batch: settings cost more than the touches of one. */
const BATCH_HISTORIES = 50;

/** The batches of the fault suite: `count` histories in all. A seed reproduces them. */
export function* faultBatches(
  count: number,
  random: Random,
  machine: GuestMachine = GUEST_MACHINES.amd64,
): Generator<FaultHistory[]> {
  for (let left = count; left > 0; left -= BATCH_HISTORIES)
    yield Array.from({ length: Math.min(left, BATCH_HISTORIES) }, () => randomHistory(random, machine));
}

function randomHistory(random: Random, { geometry }: GuestMachine): FaultHistory {
  const pages = pagesPerRange(geometry);
  const vma = randomVma(pages, random);
  const acts = Array.from({ length: 1 + below(12, random) }, () => randomAct(vma, pages, random));
  const advice = pick(['hugepage', 'hugepage', undefined, undefined, 'nohugepage'] as const, random);
  return {
    geometry,
    enabled: pick(TOP_LEVEL_WORDS, random),
    sizes: randomSizes(geometry, random),
    advice: random() < 0.7 && advice === 'nohugepage' ? undefined : advice,
    hugeZeroPage: random() < 0.7,
    vma,
    acts,
  };
}

/** Every edge is as likely as none: ends at, before and behind the borders of windows. */
function randomVma(pages: number, random: Random): PageSpan {
  const start = random() < 0.4 ? 0 : pick([1, 3, 4, 8, 60, 64, 255, 256, below(pages, random)], random);
  const length = pick([1, 4, 20, 64, pages - 5, pages, 2 * pages, 1 + below(2 * pages, random)], random);
  return { start, end: start + length };
}

/** Half the time sizes that are always on or off, else any word for each. */
function randomSizes(geometry: Geometry, random: Random): FaultHistory['sizes'] {
  const words: readonly SizeWord[] = random() < 0.5 ? ['always', 'never'] : SIZE_WORDS;
  const sizes = Array.from({ length: geometry.pmdOrder - 1 }, () => pick(words, random));
  return new Map(sizes.map((word, i) => [asOrder(MIN_ANON_ORDER + i), word]));
}

function randomAct({ start, end }: PageSpan, pages: number, random: Random): PageAct {
  const kind = pick(['write', 'write', 'write', 'read', 'dontneed'] as const, random);
  const first = start + below(end - start, random);
  if (kind === 'dontneed' && random() < 0.4) return wholeRange(first, { start, end }, pages);
  const most = pick([1, 1, 1, 8, 70, 700], random);
  return { kind, first, end: Math.min(end, first + 1 + below(most, random)) };
}

/** All pages of the VMA in the PMD range of a page. */
function wholeRange(page: number, { start, end }: PageSpan, pages: number): PageAct {
  const first = page - (page % pages);
  return { kind: 'dontneed', first: Math.max(start, first), end: Math.min(end, first + pages) };
}
