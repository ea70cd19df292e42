import type { FleetSum } from '../../../analysis/reading/fleet-facts.ts';
import { type Result, succeed } from '../../../core/base/failure.ts';
import { sumsBy } from '../../../fleet/fleet-sums.ts';
import { fleetSumsTable } from '../../../render/text/fleet/fleet-sums.ts';
import { settingsWords } from '../../../render/words/sizes.ts';
import { type Context, print, printText, styleFor } from '../../shared/context.ts';
import { interruptible } from '../../shared/interrupt.ts';
import { originField, printOrigin } from '../../shared/memory/origin.ts';
import { askedGrowth } from '../asked-growth.ts';
import { type OpenedFleet, warnOfLeftOut, withFleet } from '../open-fleet.ts';
import type { FleetTopFlags } from './command.ts';

/** `thpscope fleet top`: who has most memory, and who grows most. */
export async function fleetTop(this: Context, flags: FleetTopFlags, folder?: string): Promise<void> {
  await interruptible(this, () => withFleet(this, flags, folder, (fleet) => printTop(this, flags, fleet)));
}

async function printTop(context: Context, flags: FleetTopFlags, fleet: OpenedFleet): Promise<Result<void>> {
  const { engine, survey, origin, leftOut } = fleet;
  const question = await askedGrowth(flags, survey);
  if (!question.ok) return question;
  const sums = await sumsBy(engine, flags.by, question.value);
  if (!sums.ok) return sums;
  const sorted = [...sums.value].sort((a, b) => figure(b, flags.sort) - figure(a, flags.sort));
  const shown = sorted.slice(0, flags.top);
  const rest = sorted.length - shown.length;
  const { geometry, settings, model } = question.value;
  if (flags.json) {
    const answer = {
      schema: 'thpscope/fleet-top@1',
      by: flags.by,
      hosts: survey.hosts,
      model: model.name,
      geometry,
      lines: shown,
      more: rest,
      leftOut,
      ...originField([origin]),
    };
    await print(context, `${JSON.stringify(answer)}\n`);
    return succeed(undefined);
  }
  await printOrigin(context, [origin]);
  const lines = [
    `growth under ${settingsWords(settings, geometry)}, as ${model.name} decides`,
    '',
    ...fleetSumsTable(flags.by, shown, geometry, styleFor(context, flags.color)),
    ...(rest > 0 ? [`and ${rest} more: --top N`] : []),
  ];
  await printText(context, `${lines.join('\n')}\n`);
  warnOfLeftOut(context, fleet);
  return succeed(undefined);
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
