import { sum } from '../../core/base/sum.ts';
import { countPages, union } from '../../core/memory/occupancy.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import type { Host, MemoryItem, Process } from '../../core/rules/memory-source.ts';
import type { Eligibility, Vma } from '../../core/rules/vma.ts';
import { eligibilityIn } from '../ranges/assumptions.ts';
import { RepeatedPages } from '../ranges/repeated-pages.ts';
import { growthOf } from '../ranges/tally.ts';
import { judgeRange, type RunPolicy, type Verdict } from '../ranges/verdict.ts';

/** A PMD range that a policy collapses to the PMD size. */
export interface CollapseCandidate {
  readonly address: number;
  /** Pages by which the memory of the machine grows at most. */
  readonly growthPages: number;
  /** PTEs that are present or hold a swap entry. */
  readonly heldPages: number;
}

/** The range of a verdict, if its policy collapses it to the PMD size. */
function collapseCandidate({ range, plan, cost }: Verdict): CollapseCandidate | undefined {
  const isWhole = plan && collapsesOf(plan).some(({ order }) => order === range.geometry.pmdOrder);
  if (!isWhole) return undefined;
  const { present, swap } = range.facts;
  return {
    address: range.address,
    growthPages: growthOf(cost) + cost.copiedSharedPages,
    heldPages: countPages(union(present, swap)),
  };
}

/** Which candidates fit into a growth, those that grow least first. */
export interface FittingCandidates {
  readonly ranges: number;
  readonly growthPages: number;
  /** Those that grow by at most so many pages fit, all of them. */
  readonly wholePages: number;
  /** So many of those that grow by one page more. */
  readonly more: number;
}

/** Counts candidates by their growth: however many there are, it takes the room of one PMD range. */
export class CandidateCounts {
  readonly #byGrowth: number[] = [];
  ranges = 0;
  growthPages = 0;

  add({ growthPages }: CollapseCandidate): void {
    this.#byGrowth[growthPages] = (this.#byGrowth[growthPages] ?? 0) + 1;
    this.ranges++;
    this.growthPages += growthPages;
  }

  /** By how much those grow that grow by at most so many pages each. */
  growthUpTo(pages: number): number {
    return sum(Array.from(this.#byGrowth.slice(0, pages + 1), (count = 0, each) => count * each));
  }

  /** Those that fit into a growth of `maxPages`. */
  fitting(maxPages: number): FittingCandidates {
    let ranges = 0;
    let growthPages = 0;
    for (const [pages, count = 0] of this.#byGrowth.entries()) {
      const room = maxPages - growthPages;
      if (count * pages <= room) {
        ranges += count;
        growthPages += count * pages;
        continue;
      }
      const more = Math.floor(room / pages);
      return { ranges: ranges + more, growthPages: growthPages + more * pages, wholePages: pages - 1, more };
    }
    return { ranges, growthPages, wholePages: this.#byGrowth.length - 1, more: 0 };
  }
}

/** Candidates of one VMA that were read together, and what else is there. */
export interface CandidateBatch {
  readonly process: Process;
  readonly candidates: readonly CollapseCandidate[];
  /** Memory of the machine: pages that an earlier process of the source has as well count there. */
  readonly residentPages: number;
  /** Ranges that the policy collapses to smaller sizes alone, which MADV_COLLAPSE does not make. */
  readonly smallerOnly: number;
}

/** The candidates of a source, as it is read: nothing is kept of what was handed out. */
export async function* candidateBatches(
  items: AsyncIterable<MemoryItem>,
  runPolicy: RunPolicy,
  host: Host,
): AsyncGenerator<CandidateBatch> {
  let process: Process | undefined;
  let vma: { readonly vma: Vma; readonly eligibility: Eligibility } | undefined;
  for await (const item of items) {
    if (item.kind === 'process') process = item.process;
    if (item.kind === 'vma' && process) {
      const { eligibility } = eligibilityIn(item.vma, process, runPolicy, host.geometry, host);
      vma = { vma: item.vma, eligibility };
    }
    if (item.kind !== 'ranges' || !process || !vma?.vma.anonymous) continue;
    const candidates: CollapseCandidate[] = [];
    let residentPages = 0;
    let smallerOnly = 0;
    const repeated = new RepeatedPages();
    for (const range of item.ranges) {
      repeated.add(range);
      const verdict = judgeRange(range, vma.vma, vma.eligibility, runPolicy);
      residentPages += sum(verdict.cost.before.pagesByOrder);
      const candidate = collapseCandidate(verdict);
      if (candidate) candidates.push(candidate);
      else if (verdict.plan && collapsesOf(verdict.plan).length > 0) smallerOnly++;
    }
    residentPages -= repeated.pages;
    yield { process, candidates, residentPages, smallerOnly };
  }
}
