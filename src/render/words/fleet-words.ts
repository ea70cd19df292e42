import { processCount } from '../../analysis/digest/memory-digest.ts';
import type { FleetFacts } from '../../analysis/reading/fleet-facts.ts';
import { plural } from '../../core/base/plural.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { AdviceView } from './advise/advise-view.ts';
import { withoutLeftOut } from './left-out.ts';
import { settingsWords } from './sizes.ts';

/** "5,000 processes of 100 hosts". */
export function whoseMemory({ source, fleet }: Pick<AdviceView, 'source' | 'fleet'>): string {
  const processes = plural(processCount(source.processes), 'process', 'processes');
  return fleet
    ? `${processes} of ${plural(fleet.facts.hosts, 'host')}`
    : `${processes}${withoutLeftOut(source.skipped)}`;
}

/** What is in force on how many hosts, a line each. */
export function hostSettingsLines({ settings }: FleetFacts, geometry: Geometry): string[] {
  return settings.map(
    (each) =>
      `  in force on ${plural(each.hosts, 'host')}: ${each.settings ? settingsWords(each.settings, geometry) : 'not known'}`,
  );
}

/** What of the hosts is not in the sums, a sentence each. */
export function notCountedLines({ leftOut, skipped }: FleetFacts): string[] {
  const unread = plural(skipped, 'process', 'processes');
  return [
    ...(skipped > 0
      ? [`${unread} that could not be read there, ended meanwhile, or were left out for want of budget`]
      : []),
    ...leftOut,
  ].map((line) => `not counted: ${line}`);
}
