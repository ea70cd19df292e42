import { settingsOfJson } from '../../../analysis/digest/digest-json.ts';
import type { FleetFacts } from '../../../analysis/reading/fleet-facts.ts';
import { type Result, succeed } from '../../../core/base/failure.ts';
import type { ThpSettings } from '../../../core/rules/thp-settings.ts';
import { foldFleet } from '../../../fleet/fleet-memory.ts';
import { growingHosts } from '../../../fleet/growing-hosts.ts';
import { sqlText } from '../../../fleet/sql-text.ts';
import type { FleetSurvey } from '../../../fleet/survey.ts';
import { groupsWithoutRoom } from '../../../fleet/tight-groups.ts';
import { type AdvisedFleet, adviseDigest } from '../../advise/run.ts';
import type { Context } from '../../shared/context.ts';
import { interruptible } from '../../shared/interrupt.ts';
import { type OpenedFleet, withFleet } from '../open-fleet.ts';
import type { FleetAdviseFlags } from './command.ts';

/** `thpscope fleet advise`: the settings for all hosts that fit a budget. */
export async function fleetAdvise(this: Context, flags: FleetAdviseFlags, folder?: string): Promise<void> {
  await interruptible(this, (signal) =>
    withFleet(this, flags, folder, (fleet) => adviseFleet(this, flags, fleet, signal)),
  );
}

async function adviseFleet(
  context: Context,
  flags: FleetAdviseFlags,
  opened: OpenedFleet,
  signal: AbortSignal,
): Promise<Result<void>> {
  const { engine, survey, origin } = opened;
  const folded = await foldFleet(engine, survey, ['service', 'command']);
  if (!folded.ok) return folded;
  const { source, shape } = folded.value;
  const { geometry, where, last } = survey;
  const fleet: AdvisedFleet = {
    facts: fleetFacts(opened),
    async withoutRoom(settings, model, growth) {
      const times = growth === 'both' ? (['now', 'restart'] as const) : [growth];
      const groups = [];
      for (const when of times) {
        const question = { settings, model, geometry, where, when };
        const found = await groupsWithoutRoom(engine, question, shape, source);
        if (!found.ok) return found;
        groups.push(...found.value);
      }
      return succeed(groups);
    },
    growingHosts(settings, model, optOuts) {
      const without = optOuts.length === 0 ? '' : ` AND service NOT IN (${optOuts.map(sqlText).join(', ')})`;
      return growingHosts(engine, { settings, model, geometry, where: `${where}${without}` }, last);
    },
  };
  return adviseDigest(context, flags, { source, origins: [origin], runsHere: false, fleet }, signal);
}

function fleetFacts({ survey, leftOut }: OpenedFleet): FleetFacts {
  return {
    hosts: survey.hosts,
    oldest: new Date(survey.oldestMs).toISOString(),
    newest: new Date(survey.newestMs).toISOString(),
    settings: settingsOfHosts(survey),
    skipped: survey.skipped,
    leftOut,
  };
}

/** Hosts by the settings in force there. */
function settingsOfHosts({ kinds }: FleetSurvey): FleetFacts['settings'] {
  const hosts = new Map<string, { settings: ThpSettings | undefined; hosts: number }>();
  for (const { facts, hosts: count } of kinds) {
    const key = JSON.stringify(facts.settings);
    const settings = facts.settings ? settingsOfJson(facts.settings) : undefined;
    hosts.set(key, { settings, hosts: (hosts.get(key)?.hosts ?? 0) + count });
  }
  return [...hosts.values()].sort((a, b) => b.hosts - a.hosts);
}
