import type { Advice, AskedSettings, BudgetedSettings } from '../../../analysis/advice/advise.ts';
import { measuresOf, type PolicyBudget } from '../../../analysis/advice/choose-policy.ts';
import type { TightGroup } from '../../../analysis/advice/group-room.ts';
import { type MachineSums, machinePages } from '../../../analysis/digest/memory-digest.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { percent } from '../../../core/base/percent.ts';
import { plural } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { printable } from '../printable.ts';
import { settingsWords } from '../sizes.ts';

/** Why an advice is as it is, a sentence each. */
export function reasonLines(
  { leave, inForce, asked, withoutRoom }: Pick<Advice, 'leave' | 'inForce' | 'asked' | 'withoutRoom'>,
  budget: PolicyBudget,
  memory: MachineSums,
): string[] {
  const ofAsked = askedLines(asked, budget, memory);
  if (!inForce && leave)
    return [
      ...ofAsked,
      'The settings in force are not known, and none that leave memory with MADV_HUGEPAGE its sizes keep this budget.',
    ];
  if (!inForce)
    return [
      ...ofAsked,
      'The settings in force are not known: this is all that would have to be written, whatever they are.',
    ];
  const room = roomLines(withoutRoom);
  if (leave && inForce.keepsBudget)
    return [
      ...ofAsked,
      `No other settings within the budget need fewer TLB entries by at least ${100 * budget.within}% of the pages of this memory, and lose none.`,
      ...room,
    ];
  if (inForce.keepsBudget) return [...ofAsked, ...room];
  const stays = leave
    ? [`${STAYS} Who grows most is in the table; --by service names those that may opt out.`]
    : [];
  return [...ofAsked, ...brokenLines(inForce, budget, memory), ...stays, ...room];
}

/** Why settings that break a budget stay. */
export const STAYS =
  'Nothing that keeps it maps this memory with as few TLB entries, and a budget takes nothing away: they stay.';

/** That the settings in force break a budget, a sentence for each way; none where they keep it. */
export function brokenLines(
  inForce: BudgetedSettings | undefined,
  budget: PolicyBudget,
  memory: MachineSums,
): string[] {
  if (!inForce || inForce.keepsBudget) return [];
  return breaches(inForce, budget, memory).map((how) => `The settings in force break this budget: ${how}.`);
}

/** That settings that were asked about are not advised, or gain nothing, and why: a sentence, or none. */
export function askedLines(
  asked: AskedSettings | undefined,
  budget: PolicyBudget,
  memory: MachineSums,
): string[] {
  if (!asked || (asked.keepsBudget && !asked.losesReach && asked.gains)) return [];
  const what = `The settings asked about (${settingsWords(asked.settings, memory.geometry)})`;
  if (!asked.keepsBudget)
    return [
      `${what} break this budget: ${breaches(asked, budget, memory).join('; ')}. They are not advised.`,
    ];
  if (asked.losesReach)
    return [`${what} need more TLB entries than the settings in force: they are not advised.`];
  return [
    `${what} keep this budget and gain nothing: to leave the settings in force as they are does as well.`,
  ];
}

/** How settings break a budget, a clause for each way. */
function breaches(
  { worth, cache, tight }: BudgetedSettings,
  budget: PolicyBudget,
  memory: MachineSums,
): string[] {
  const { geometry } = memory;
  const { growth, growthPages: most, laterAttempts: mostAttempts = Number.POSITIVE_INFINITY } = budget;
  const { growthPages, restartGrowthPages, laterAttempts } = measuresOf(worth);
  const ofCache = cache?.moreGrowthPages ?? 0;
  const filled = (pages: number) =>
    `${formatSize(pages, geometry)} (+${percent(pages, machinePages(memory))})`;
  const out: string[] = [];
  if (growth !== 'restart' && growthPages + ofCache > most)
    out.push(
      `khugepaged may fill ${filled(growthPages)}${ofCache > 0 ? ` and, in the page cache, ${formatSize(ofCache, geometry)}` : ''}`,
    );
  else if (growth !== 'now' && restartGrowthPages > most)
    out.push(`page faults, after a restart, may fill ${filled(restartGrowthPages)}`);
  if (laterAttempts > mostAttempts)
    out.push(`khugepaged makes ${plural(laterAttempts, 'attempt')} in vain in every pass`);
  out.push(
    ...tight.map(({ group }) => `control group ${printable(group.path)} has no room for it below its limit`),
  );
  return out;
}

/** Control groups that had no room for other settings, a sentence. */
function roomLines(withoutRoom: readonly TightGroup[]): string[] {
  if (withoutRoom.length === 0) return [];
  const [{ group }] = withoutRoom;
  const room = formatBytes(Math.max(0, group.limitBytes - group.usedBytes));
  const more = withoutRoom.length > 1 ? `, and ${plural(withoutRoom.length - 1, 'other')} no more` : '';
  return [
    `Settings with fewer TLB entries were left out: control group ${printable(group.path)} has ${room} of room below its limit${more}; page cache counts as used there.`,
  ];
}
