import { type Result, succeed } from '../../../core/base/failure.ts';
import { plural } from '../../../core/base/plural.ts';
import { type FleetSum, sumsBy } from '../../../fleet/fleet-sums.ts';
import { fleetSumsTable } from '../../../render/text/fleet-sums.ts';
import { settingsWords } from '../../../render/words/sizes.ts';
import { type Context, print, styleFor, warn } from '../../shared/context.ts';
import { interruptible } from '../../shared/interrupt.ts';
import { askedGrowth } from '../asked-growth.ts';
import { openFleet } from '../open-fleet.ts';
import type { FleetTopFlags } from './command.ts';

/** `thpscope fleet top`: who has most memory, and who grows most. */
export async function fleetTop(this: Context, flags: FleetTopFlags, folder?: string): Promise<void> {
  await interruptible(this, () => printTop(this, flags, folder));
}

async function printTop(
  context: Context,
  flags: FleetTopFlags,
  folder: string | undefined,
): Promise<Result<void>> {
  const opened = await openFleet(context, flags, folder);
  if (!opened.ok) return opened;
  const { engine, survey, leftOut } = opened.value;
  try {
    const question = await askedGrowth(flags, survey);
    if (!question.ok) return question;
    const sums = await sumsBy(engine, flags.by, question.value);
    if (!sums.ok) return sums;
    const sorted = [...sums.value].sort((a, b) => figure(b, flags.sort) - figure(a, flags.sort));
    const shown = sorted.slice(0, flags.top);
    const { geometry, settings, model } = question.value;
    if (flags.json) {
      const answer = {
        schema: 'thpscope/fleet-top@1',
        by: flags.by,
        hosts: survey.hosts,
        model: model.name,
        geometry,
        lines: shown,
        more: sorted.length - shown.length,
        leftOut,
      };
      await print(context, `${JSON.stringify(answer)}\n`);
      return succeed(undefined);
    }
    const rest = sorted.length - shown.length;
    const lines = [
      `${plural(survey.hosts, 'host')}; growth under ${settingsWords(settings, geometry)}, as ${model.name} decides`,
      '',
      ...fleetSumsTable(flags.by, shown, geometry, styleFor(context, flags.color)),
      ...(rest > 0 ? [`and ${rest} more: --top N`] : []),
    ];
    await print(context, `${lines.join('\n')}\n`);
    for (const line of leftOut) warn(context, `not counted: ${line}`);
    return succeed(undefined);
  } finally {
    await engine.close();
  }
}

function figure(sum: FleetSum, by: FleetTopFlags['sort']): number {
  switch (by) {
    case 'memory':
      return sum.residentPages;
    case 'growth':
      return sum.growthPages;
    case 'restart':
      return sum.restartGrowthPages;
    case 'entries':
      return sum.tlbEntries;
  }
}
