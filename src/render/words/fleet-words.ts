import type { FleetFacts } from '../../analysis/fleet-facts.ts';
import { processCount } from '../../analysis/memory-digest.ts';
import { plural } from '../../core/base/plural.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { AdviceView } from './advise-view.ts';
import { settingsWords } from './sizes.ts';

/** "5,000 processes of 100 hosts, read from 2026-11-27T01:07Z to 01:09Z". */
export function whoseMemory({ source, fleet }: Pick<AdviceView, 'source' | 'fleet'>): string {
  const processes = plural(processCount(source.processes), 'process', 'processes');
  return fleet ? `${processes} of ${fleetWords(fleet.facts)}` : processes;
}

/** How many hosts, and when they were read. */
function fleetWords({ hosts, oldest, newest }: FleetFacts): string {
  const [from, to] = [oldest, newest].map(minuteOf);
  const when = from === to ? `at ${from}` : `from ${from} to ${to}`;
  return `${plural(hosts, 'host')}, read ${when}`;
}

/** "2026-11-27 01:07 UTC". */
function minuteOf(time: string): string {
  return `${time.slice(0, 'YYYY-MM-DDTHH:MM'.length).replace('T', ' ')} UTC`;
}

/** What is in force on how many hosts, a line each. */
export function hostSettingsLines({ settings }: FleetFacts, geometry: Geometry): string[] {
  return settings.map(
    (each) =>
      `  in force on ${plural(each.hosts, 'host')}: ${each.settings ? settingsWords(each.settings, geometry) : 'not known'}`,
  );
}
