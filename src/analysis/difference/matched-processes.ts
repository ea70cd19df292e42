import type { Process } from '../../core/rules/memory-source.ts';
import { serviceNames } from '../../core/rules/service.ts';

/** A process with what it had resident, by which several of one name are told apart. */
export interface WeighedProcess {
  readonly process: Process;
  readonly residentPages: number;
}

/** Processes of two readings, by their places in each; one of them is undefined where it was there once. */
export interface MatchedPair {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/**
 * Pairs the processes that were not there at both readings: a service that was started again has others of
 * the same command. Those of one service and command are paired by their memory, the largest first; what is
 * left over has ended, or is new.
 */
export function matchRestarted(
  before: readonly WeighedProcess[],
  after: readonly WeighedProcess[],
): MatchedPair[] {
  const waiting = placesByName(before);
  const pairs: MatchedPair[] = [];
  for (const [name, places] of placesByName(after)) {
    const earlier = waiting.get(name) ?? [];
    for (const place of places) pairs.push({ before: earlier.shift(), after: place });
  }
  for (const places of waiting.values())
    for (const place of places) pairs.push({ before: place, after: undefined });
  return pairs;
}

/** The places of processes by service and command, those with most memory first. */
function placesByName(processes: readonly WeighedProcess[]): Map<string, number[]> {
  const services = serviceNames(
    processes.map(({ process: { cgroup, command }, residentPages }) => ({ cgroup, command, residentPages })),
  );
  const places = new Map<string, number[]>();
  const order = [...processes.keys()].sort((a, b) => processes[b].residentPages - processes[a].residentPages);
  for (const place of order) {
    const name = JSON.stringify([services[place], processes[place].process.command]);
    places.set(name, [...(places.get(name) ?? []), place]);
  }
  return places;
}
