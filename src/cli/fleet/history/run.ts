import { type Result, succeed } from '../../../core/base/failure.ts';
import { plural } from '../../../core/base/plural.ts';
import { sumsBy } from '../../../fleet/fleet-sums.ts';
import { checkComplete } from '../../../fleet/survey.ts';
import { fleetSumsTable } from '../../../render/text/fleet/fleet-sums.ts';
import { settingsWords } from '../../../render/words/sizes.ts';
import { type Context, print, printText, styleFor } from '../../shared/context.ts';
import { interruptible } from '../../shared/interrupt.ts';
import { originField, printOrigin } from '../../shared/memory/origin.ts';
import { askedGrowth } from '../asked-growth.ts';
import { type OpenedFleet, warnOfLeftOut, withFleet } from '../open-fleet.ts';
import type { FleetHistoryFlags } from './command.ts';

/** `thpscope fleet history`: the hosts, day by day. */
export async function fleetHistory(this: Context, flags: FleetHistoryFlags, folder?: string): Promise<void> {
  await interruptible(this, () =>
    withFleet(this, flags, folder, (fleet) => printHistory(this, flags, fleet)),
  );
}

async function printHistory(
  context: Context,
  flags: FleetHistoryFlags,
  fleet: OpenedFleet,
): Promise<Result<void>> {
  const { engine, survey, origin, leftOut } = fleet;
  const question = await askedGrowth(flags, survey);
  if (!question.ok) return question;
  const complete = await checkComplete(engine, survey.daily);
  if (!complete.ok) return complete;
  const asked = flags.where === undefined ? '' : ` AND (${flags.where})`;
  const { geometry, settings, model } = question.value;
  const where = `${survey.daily} AND page_shift = ${geometry.pageShift} AND pmd_order = ${geometry.pmdOrder}${asked}`;
  const sums = await sumsBy(engine, 'date', { ...question.value, where });
  if (!sums.ok) return sums;
  if (flags.json) {
    const answer = {
      schema: 'thpscope/fleet-history@1',
      model: model.name,
      geometry,
      days: sums.value.map(({ key, ...day }) => ({ date: key, ...day })),
      leftOut,
      ...originField([origin]),
    };
    await print(context, `${JSON.stringify(answer)}\n`);
    return succeed(undefined);
  }
  await printOrigin(context, [origin]);
  const lines = [
    `${plural(sums.value.length, 'day')}, the last reading of each host on each; growth under ${settingsWords(settings, geometry)}, as ${model.name} decides`,
    '',
    ...fleetSumsTable('day', sums.value, geometry, styleFor(context, flags.color)),
  ];
  await printText(context, `${lines.join('\n')}\n`);
  warnOfLeftOut(context, fleet);
  return succeed(undefined);
}
