import type { Advice } from '../../../analysis/advice/advise.ts';
import { type MemoryDigest, otherBytesOf, processCount } from '../../../analysis/digest/memory-digest.ts';
import { memoryTlbEntries } from '../../../analysis/digest/policy-worth.ts';
import type { ProcessWorth } from '../../../analysis/digest/process-worth.ts';
import { type ListedFigures, listProcesses } from '../../../analysis/prediction/process-list.ts';
import { grouped } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import {
  type AdviceView,
  budgetWords,
  WORTH_ROWS,
  type WorthFigures,
  worthCells,
} from '../../words/advise/advise-view.ts';
import { besidesLine, cacheAdviceLines, offerLines } from '../../words/advise/advised-cache.ts';
import { hostSettingsLines } from '../../words/fleet-words.ts';
import { kernelWords, otherKernelLine } from '../../words/kernel-words.ts';
import { sharedByFork } from '../../words/shared-by-fork.ts';
import { settingsWords } from '../../words/sizes.ts';
import { reachWords } from '../../words/tlb-words.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';
import { writeLines } from './write-script.ts';

/** What was asked, of an advice or a plan: about whose memory, within which budget, of which kernel. */
export function adviceHead(view: AdviceView, whose: string, style: Style): string[] {
  const { memory, model, readOn, budget, source } = view;
  const { geometry } = memory;
  const other = otherKernelLine(model, readOn, geometry);
  return [
    `${formatSize(memory.residentPages, geometry)} of anonymous memory in ${whose}; ${budgetWords(budget, memory)}`,
    ...sharedByFork(memory, processCount(source.processes)),
    besidesLine(source.cache, otherBytesOf(memory), source.processes.length),
    `as ${kernelWords(model, readOn)} decides; of TLB entries ${reachWords(source.reach, geometry)}`,
    ...(other === undefined ? [] : [style.dim(`(${other})`)]),
  ];
}

/** Which settings an advice starts from: those in force, and others that were asked about. */
export function settingsLines({
  advice: { inForce, asked },
  memory: { geometry },
  fleet,
}: AdviceView): string[] {
  const lines = [
    ...(fleet ? hostSettingsLines(fleet.facts, geometry) : []),
    ...(inForce && !fleet ? [`  in force: ${settingsWords(inForce.settings, geometry)}`] : []),
    ...(asked ? [`  asked about: ${settingsWords(asked.settings, geometry)}`] : []),
  ];
  return lines.length > 0 ? [...lines, ''] : [];
}

/** What settings come to, a column each: those in force, those asked about, and those advised, if any. */
export function worthTable(
  { memory, advice: { inForce, asked } }: AdviceView,
  advised: { readonly worth: WorthFigures } | undefined,
  style: Style,
): string[] {
  const columns: readonly (readonly [title: string, judged: typeof advised])[] = [
    ['in force', inForce],
    ['asked about', asked],
    ['advised', advised],
  ];
  const shown = columns.flatMap(([title, judged]) =>
    judged ? [{ title, cells: worthCells(judged, memory) }] : [],
  );
  const now = ` (now ${grouped(Math.round(memoryTlbEntries(memory)))})`;
  const [head, ...lines] = layOutTable(
    [{ title: '', align: 'left' }, ...shown.map(({ title }): Column => ({ title, align: 'right' }))],
    WORTH_ROWS.map(([name, cell]) => [
      `  ${name}${cell === 'entries' ? now : ''}`,
      ...shown.map(({ cells }) => cells[cell]),
    ]),
  );
  return [style.dim(head), ...lines];
}

/**
 * What becomes of some memory, in a line of a table: TLB entries now, then (by khugepaged) and at a restart,
 * and growth by each of both. Titles are short: with a command beside them they take 80 columns.
 */
export const WORTH_COLUMNS: readonly Column[] = [
  { title: 'memory', align: 'right' },
  { title: 'TLB now', align: 'right' },
  { title: 'TLB then', align: 'right' },
  { title: 'growth', align: 'right' },
  { title: 'TLB restart', align: 'right' },
  { title: 'growth', align: 'right' },
];

export function worthFigures(memory: MemoryDigest, worth: WorthFigures): string[] {
  return figureCells({ residentPages: memory.residentPages, now: memoryTlbEntries(memory), worth }, memory);
}

/** Some memory, in sums: pages, TLB entries as it is, and what settings make of it. */
interface Figures {
  readonly residentPages: number;
  readonly now: number;
  readonly worth: WorthFigures;
}

function figureCells(
  { residentPages, now, worth }: Figures,
  { geometry }: Pick<MemoryDigest, 'geometry'>,
): string[] {
  const { tlbEntries, growthPages, restart } = worth;
  return [
    formatSize(residentPages, geometry),
    grouped(Math.round(now)),
    grouped(Math.round(tlbEntries)),
    `+${formatSize(growthPages, geometry)}`,
    restart ? grouped(Math.round(restart.tlbEntries)) : '?',
    restart ? `+${formatSize(restart.growthPages, geometry)}` : '?',
  ];
}

/** The figures of all memory that a table leaves out, so that its columns add up. */
export function othersFigures(
  others: readonly { readonly memory: MemoryDigest; readonly worth: WorthFigures }[],
  memory: Pick<MemoryDigest, 'geometry'>,
): string[] {
  const total = (of: (each: (typeof others)[number]) => number) => sum(others.map(of));
  const restart = others.every(({ worth }) => worth.restart)
    ? {
        tlbEntries: total(({ worth }) => worth.restart?.tlbEntries ?? 0),
        growthPages: total(({ worth }) => worth.restart?.growthPages ?? 0),
      }
    : undefined;
  const worth = {
    tlbEntries: total((each) => each.worth.tlbEntries),
    growthPages: total((each) => each.worth.growthPages),
    laterAttempts: total((each) => each.worth.laterAttempts),
    restart,
  };
  const residentPages = total((each) => each.memory.residentPages);
  const now = total((each) => memoryTlbEntries(each.memory));
  return figureCells({ residentPages, now, worth }, memory);
}

/**
 * The processes that a table lists, and those left out. Those that a sort leaves equal come by their memory.
 */
export function listedWorth(
  { byProcess, listing }: Pick<AdviceView, 'byProcess' | 'listing'>,
  rows: number,
): { readonly shown: readonly ProcessWorth[]; readonly others: readonly ProcessWorth[] } {
  const bySize = [...byProcess].sort((a, b) => b.memory.residentPages - a.memory.residentPages);
  const { shown } = listProcesses(bySize, figuresOf, { sort: listing.sort, top: listing.top ?? rows });
  const listed = new Set(shown);
  return { shown, others: bySize.filter((each) => !listed.has(each)) };
}

/** What a list says of a process. */
function figuresOf({ memory: { residentPages, hugePages }, worth }: ProcessWorth): ListedFigures {
  const hugeThen = hugePages + worth.counts.newlyHugePages;
  const { growthPages, restart } = worth;
  return {
    residentPages,
    hugeNow: hugePages,
    hugeThen,
    growthPages,
    restartGrowthPages: restart?.growthPages,
  };
}

/** What an advice means for the page cache: figures of their own, which no table adds to those of RSS. */
export function cachePart({ cache, model }: AdviceView, advice: Advice, style: Style): string[] {
  const [head, ...lines] = cache ? cacheAdviceLines(advice, cache, model) : [];
  if (head === undefined) return [];
  return [style.bold(`${head}${lines.length > 0 ? ':' : ''}`), ...lines.map((line) => `  ${line}`), ''];
}

/** What else could be set for shared memory, with its own writes and way back. */
export function offerPart(
  { offer, memory }: AdviceView,
  { advised: { settings } }: Advice,
  style: Style,
): string[] {
  if (!offer) return [];
  return [
    style.bold(
      `Shared memory, which the advice leaves alone, has settings of its own (with max_ptes_none ${settings.maxPtesNone}):`,
    ),
    ...offerLines(offer, memory.geometry).map((line) => `  ${line}`),
    style.bold('To set these, as root, apart from the above:'),
    ...writeLines(offer.set).map((line) => `  ${line}`),
    style.bold('To go back:'),
    ...writeLines(offer.restore).map((line) => `  ${line}`),
    '',
  ];
}
