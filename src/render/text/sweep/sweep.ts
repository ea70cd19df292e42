import { apartRanges, type MemoryDigest, otherBytesOf } from '../../../analysis/digest/memory-digest.ts';
import { memoryTlbEntries } from '../../../analysis/digest/policy-worth.ts';
import type { ReadOn } from '../../../analysis/reading/read-on.ts';
import type { SweptResult } from '../../../analysis/sweep/pareto.ts';
import { policyCount } from '../../../analysis/sweep/sweep.ts';
import { percent } from '../../../core/base/percent.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { SweepView } from '../../json/sweep.ts';
import { besidesLine } from '../../words/advise/advised-cache.ts';
import { limitsLeftOut } from '../../words/explain/surroundings.ts';
import { kernelWords, otherKernelLine } from '../../words/kernel-words.ts';
import { withoutLeftOut } from '../../words/left-out.ts';
import { sharedByFork } from '../../words/shared-by-fork.ts';
import { sizesLine } from '../../words/sizes.ts';
import { reachWords } from '../../words/tlb-words.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';
import { sweptCacheLines } from './sweep-cache.ts';
import { sweepPlot } from './sweep-plot.ts';

/** Lines of the front that a terminal shows; --csv and --json have them all. */
const SHOWN = 24;

const COLUMNS: readonly Column[] = [
  { title: 'sizes', align: 'left' },
  { title: 'max_ptes_none', align: 'right' },
  { title: 'huge', align: 'right' },
  { title: 'RSS', align: 'right' },
  { title: 'attempts', align: 'right' },
  { title: 'later', align: 'right' },
  { title: 'TLB entries', align: 'right' },
  { title: 'restart', align: 'right' },
  { title: 'RSS', align: 'right' },
  { title: 'kernel', align: 'left' },
];

/** The front of a sweep as a table with a plot of all policies. */
export function sweepText(
  { memory, reach, processes, hosts, skipped, space, values, front, cache, groups }: SweepView,
  readOn: ReadOn,
  style: Style,
): string {
  const policies = policyCount(space);
  const only = space.models.length === 1 ? space.models[0] : undefined;
  const other = only && otherKernelLine(only, readOn, memory.geometry, '-L kernel');
  const bytes = formatSize(memory.residentPages, memory.geometry);
  const walked = apartRanges(memory);
  const shown = thinned(front);
  const [head, ...lines] = layOutTable(
    COLUMNS,
    shown.map((result) => cells(result, memory)),
  );
  const rest = front.length - shown.length;
  return [
    `${plural(policies, 'policy', 'policies')} over ${bytes} of anonymous memory in ${plural(processes, 'process', 'processes')}${hosts === undefined ? '' : ` of ${plural(hosts, 'host')}`}${withoutLeftOut(skipped)}`,
    ...sharedByFork(memory, processes),
    besidesLine(cache, otherBytesOf(memory), processes),
    ...(only ? [`as ${kernelWords(only, readOn, '-L kernel')} decides`] : []),
    ...(other === undefined ? [] : [style.dim(`(${other})`)]),
    ...(walked > 0
      ? [
          style.dim(
            `${plural(walked, 'range')} of ${memory.ranges} walked under each, the others read from the digest`,
          ),
        ]
      : []),
    '',
    `${style.bold('What no other policy beats')} in huge memory, growth and attempts of every later pass:`,
    style.dim(
      `${grouped(Math.round(memoryTlbEntries(memory)))} TLB entries now; of them ${reachWords(reach, memory.geometry)}; restart: what page faults leave then, at most`,
    ),
    '',
    style.dim(head),
    ...lines,
    ...limitsLeftOut(
      groups,
      Math.max(0, ...front.map(({ metrics }) => metrics.machineGrowthPages)),
      memory.geometry,
    ),
    ...(rest > 0 ? [style.dim(`and ${rest} between these: --csv and --json have them all`)] : []),
    '',
    ...(cache ? sweptCacheLines(cache, style) : []),
    ...sweepPlot(values, policies, new Set(front.map(({ index }) => index)), memory.residentPages),
    '',
  ].join('\n');
}

/** The first, the last, and some evenly between. */
function thinned(front: readonly SweptResult[]): SweptResult[] {
  if (front.length <= SHOWN) return [...front];
  return Array.from({ length: SHOWN }, (_, i) => front[Math.round((i * (front.length - 1)) / (SHOWN - 1))]);
}

function cells({ policy, metrics }: SweptResult, memory: MemoryDigest): string[] {
  const { geometry, residentPages } = memory;
  return [
    sizesLine(policy.orders, geometry) + (policy.enabled === 'madvise' ? ' (madvise)' : ''),
    String(policy.maxPtesNone),
    percent(metrics.hugePages, residentPages),
    metrics.growthPages === 0 ? '+0' : `+${formatSize(metrics.growthPages, geometry)}`,
    grouped(metrics.attempts),
    grouped(metrics.laterAttempts),
    grouped(Math.round(metrics.tlbEntries)),
    Number.isNaN(metrics.restartTlbEntries) ? '?' : grouped(Math.round(metrics.restartTlbEntries)),
    Number.isNaN(metrics.restartGrowthPages) ? '?' : `+${formatSize(metrics.restartGrowthPages, geometry)}`,
    policy.model.name,
  ];
}
