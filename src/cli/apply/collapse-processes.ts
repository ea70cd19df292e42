import { splitsAbove } from '../../analysis/ranges/assumptions.ts';
import { groupGrowth } from '../../analysis/ranges/group-limits.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { formatDuration } from '../../core/base/duration.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { grouped, plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { type Geometry, pageBytes, rangeBytes } from '../../core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../core/memory/order.ts';
import { layOutTable } from '../../render/text/layout/columns.ts';
import { shrinkerSentence } from '../../render/words/explain/surroundings.ts';
import { printable } from '../../render/words/printable.ts';
import { type Context, print, printText } from '../shared/context.ts';
import { EXIT } from '../shared/exit-code.ts';
import type { CommandPolicy } from '../shared/flags/command-policy.ts';
import { interruptible } from '../shared/interrupt.ts';
import { type CollapsedProcess, type CollapseRun, carryOutCollapses, planCollapses } from './collapse.ts';
import type { ApplyFlags } from './command.ts';

/** What the kernel's refusals mean. Source: docs/khugepaged.md#madvise-errno. */
const REFUSALS: Readonly<Record<string, string>> = {
  changed: 'had lost pages since they were read',
  EAGAIN: 'had pages that were locked, pinned or isolated',
  EBUSY: 'had no room in a control group',
  ENOMEM: 'found no free huge page',
  EINVAL: 'may not become huge: prctl, or the VMA is another by now',
};

/** `apply --collapse`: shows what it would do, or does it and says what came of it, ended or not. */
export async function collapseProcesses(
  context: Context,
  flags: ApplyFlags,
  policy: CommandPolicy,
): Promise<Result<void>> {
  const planned = await planCollapses(context, flags, policy);
  if (!planned.ok) return planned;
  const run = planned.value;
  if (!flags.yes) {
    await answer(context, flags, run, plannedSentences(run));
    return succeed(undefined);
  }
  await interruptible(context, async (signal) => {
    try {
      return await carryOutCollapses(context, flags, policy, run, signal);
    } finally {
      if (signal.aborted) run.stopped = 'interrupted';
      await answer(context, flags, run, doneSentences(run));
      const isShort = [...run.processes.values()].some(({ shortage }) => shortage !== undefined);
      if (run.stopped !== undefined || isShort) context.process.exitCode = EXIT.difference;
    }
  });
  return succeed(undefined);
}

function plannedSentences(run: CollapseRun): string[] {
  const { fitting, processes, host, maxGrowthPages, bytesPerSecond } = run;
  const { geometry } = host;
  const size = formatOrder(asOrder(geometry.pmdOrder), geometry);
  const asked = sum([...processes.values()].map(({ asked }) => asked.ranges));
  const growth = sum([...processes.values()].map(({ asked }) => asked.growthPages)) * pageBytes(geometry);
  if (asked === 0)
    return [
      `Nothing to do: these settings collapse no range of these processes to ${size}. predict says why.`,
      ...smallerSentences(run),
    ];
  const noRoom = sum([...processes.values()].map((each) => each.noRoom));
  const limit = Number.isFinite(maxGrowthPages) ? bytesOf(maxGrowthPages, geometry) : 'no limit';
  const bytes = fitting.ranges * rangeBytes(geometry);
  return [
    ...roomSentences(run),
    `Nothing was changed. With --yes ${plural(fitting.ranges, 'range')} of ${size} would be collapsed, those that grow least first: ${formatBytes(bytes)}, in about ${formatDuration(Math.ceil(bytes / bytesPerSecond) * 1e9)}.`,
    `Memory would grow by ${bytesOf(fitting.growthPages, geometry)} at most (--max-growth: ${limit}).`,
    ...tightGroupSentences(run),
    ...(fitting.ranges < asked && noRoom === 0
      ? [`All ${grouped(asked)} would take --max-growth ${Math.ceil(growth / 2 ** 20)}M.`]
      : []),
    ...smallerSentences(run),
    'It cannot be undone: what was collapsed becomes small again when its process frees it or is started again.',
  ];
}

/** Of which processes ranges do not fit into their control groups. */
function roomSentences({ processes }: CollapseRun): string[] {
  return [...processes.values()].flatMap(({ process: { pid, command }, noRoom, shortage }) =>
    noRoom === 0
      ? []
      : [
          `Process ${pid} (${printable(command)}): ${printable(shortage ?? '')}; ${plural(noRoom, 'range')} of it ${noRoom === 1 ? 'does' : 'do'} not fit, for each needs its whole size before the small pages are given back.`,
        ],
  );
}

/** Which control groups have room for single ranges, and not for what all that fit would grow by. */
function tightGroupSentences({ processes, fitting, host: { geometry } }: CollapseRun): string[] {
  const groups = groupGrowth(
    [...processes.values()].map(({ process, roomy }) => ({
      process,
      growthBytes: roomy.growthUpTo(fitting.wholePages) * pageBytes(geometry),
      restartGrowthBytes: 0,
    })),
  );
  return groups.flatMap(({ group: { path, limitBytes, usedBytes }, growthBytes }) => {
    // Each range needs its whole size beside what was filled before.
    const room = Math.max(0, limitBytes - usedBytes - rangeBytes(geometry));
    return growthBytes <= room
      ? []
      : [
          `Control group ${printable(path)} has room for ${formatBytes(room)} of the ${formatBytes(growthBytes)} by which memory in it would grow: what does not fit is left.`,
        ];
  });
}

function smallerSentences({ smallerOnly, host: { geometry } }: CollapseRun): string[] {
  const size = formatOrder(asOrder(geometry.pmdOrder), geometry);
  return smallerOnly === 0
    ? []
    : [
        `${plural(smallerOnly, 'range')} would collapse to smaller sizes: khugepaged makes those, MADV_COLLAPSE makes ${size} alone.`,
      ];
}

function doneSentences(run: CollapseRun): string[] {
  const { fitting, host, stopped, processes } = run;
  const { geometry } = host;
  const all = [...processes.values()];
  const collapsed = sum(all.map(({ collapsed }) => collapsed));
  const grown = sum(all.map(({ grownPages }) => grownPages));
  const refusals = new Map<string, number>();
  for (const { refused } of all)
    for (const [why, ranges] of refused) refusals.set(why, (refusals.get(why) ?? 0) + ranges);
  // No setting was changed: those in force decide.
  const limit = host.settings && splitsAbove(host, host.settings, geometry);
  return [
    ...(stopped === undefined ? [] : [`Stopped: ${stopped}.`]),
    `Collapsed ${collapsed} of ${plural(fitting.ranges, 'range')}, ${formatBytes(collapsed * rangeBytes(geometry))}; memory grew by ${bytesOf(grown, geometry)} at most.`,
    ...roomSentences(run),
    ...[...refusals].map(([why, ranges]) => `${plural(ranges, 'range')} ${REFUSALS[why] ?? `: ${why}`}.`),
    ...all.flatMap(({ process: { pid, command }, left }) =>
      left === undefined ? [] : [`Process ${pid} (${printable(command)}): ${left}; the rest of it was left.`],
    ),
    ...(collapsed === 0
      ? []
      : [
          'What was collapsed stays so until its process frees it or is started again: apply cannot undo it.',
        ]),
    ...(limit === undefined || collapsed === 0
      ? []
      : [shrinkerSentence(limit, formatOrder(asOrder(geometry.pmdOrder), geometry), geometry)]),
  ];
}

function bytesOf(pages: number, geometry: Geometry): string {
  return formatBytes(pages * pageBytes(geometry));
}

async function answer(
  context: Context,
  flags: ApplyFlags,
  run: CollapseRun,
  sentences: readonly string[],
): Promise<void> {
  const processes = [...run.processes.values()].sort((a, b) => b.asked.ranges - a.asked.ranges);
  if (flags.json) return print(context, `${JSON.stringify(jsonOf(run, processes, sentences))}\n`);
  const { geometry } = run.host;
  const columns = ['PID', 'COMMAND', 'RANGES', 'GROWTH IF ALL', 'COLLAPSED', 'GREW'].map((title) => ({
    title,
    align: title === 'COMMAND' ? ('left' as const) : ('right' as const),
  }));
  const rows = processes.map(({ process, asked, collapsed, grownPages }) => [
    String(process.pid),
    printable(process.command),
    String(asked.ranges),
    bytesOf(asked.growthPages, geometry),
    String(collapsed),
    bytesOf(grownPages, geometry),
  ]);
  const table = layOutTable(columns, rows);
  const lines = [...(rows.length > 0 ? [...table, ''] : []), ...sentences];
  await printText(context, `${lines.join('\n')}\n`);
}

function jsonOf(
  run: CollapseRun,
  processes: readonly CollapsedProcess[],
  messages: readonly string[],
): object {
  const { host, fitting, maxGrowthPages, stopped, smallerOnly } = run;
  return {
    schema: 'thpscope/apply-collapse@1',
    pageBytes: pageBytes(host.geometry),
    rangeBytes: rangeBytes(host.geometry),
    maxGrowthPages: Number.isFinite(maxGrowthPages) ? maxGrowthPages : null,
    fitting: { ranges: fitting.ranges, growthPages: fitting.growthPages },
    smallerOnly,
    processes: processes.map(({ process, asked, noRoom, collapsed, grownPages, refused, left }) => ({
      pid: process.pid,
      command: process.command,
      ranges: asked.ranges,
      growthPages: asked.growthPages,
      noRoomRanges: noRoom,
      collapsed,
      grownPages,
      refused: Object.fromEntries(refused),
      left: left ?? null,
    })),
    stopped: stopped ?? null,
    messages,
  };
}
