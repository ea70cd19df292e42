import type { Process } from '../../core/rules/memory-source.ts';
import { processKey } from '../../core/rules/process-key.ts';
import { serviceNames } from '../../core/rules/service.ts';
import { type Identity, isNamed } from './identity.ts';

/** A process with what it had resident, by which several of one name are told apart. */
export interface WeighedProcess {
  readonly process: Process;
  readonly residentPages: number;
}

/** Processes of two readings, by their places in each; one of them is undefined where it is in one. */
export interface MatchedPair {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/**
 * Pairs the processes that are not known to be the same at both readings. Where the boot is not known, as
 * of redacted recordings, and the machine may be one, those of the same pid and start time are paired. The
 * others are paired by service and command, for a service that was started again has others of the same
 * command: by their memory, the largest first. What is left over is in one reading alone: it ended or came
 * since, or was not read the other time.
 */
export function matchOthers(
  before: readonly WeighedProcess[],
  after: readonly WeighedProcess[],
  { boot, isOneMachine }: Identity,
): MatchedPair[] {
  const byKey =
    boot === 'unknown' && isOneMachine !== false ? placesByKey(before) : new Map<string, number>();
  const pairs: MatchedPair[] = [];
  const paired = new Set<number>();
  for (const [place, { process }] of after.entries()) {
    const earlier = byKey.get(processKey(process));
    if (earlier === undefined) continue;
    pairs.push({ before: earlier, after: place });
    byKey.delete(processKey(process));
    paired.add(place);
  }
  const taken = new Set(pairs.map((pair) => pair.before));
  const waiting = placesByName(before, (place) => !taken.has(place));
  for (const [name, places] of placesByName(after, (place) => !paired.has(place))) {
    const earlier = waiting.get(name) ?? [];
    for (const place of places) pairs.push({ before: earlier.shift(), after: place });
  }
  for (const places of waiting.values())
    for (const place of places) pairs.push({ before: place, after: undefined });
  return pairs;
}

function placesByKey(processes: readonly WeighedProcess[]): Map<string, number> {
  return new Map(processes.map(({ process }, place) => [processKey(process), place]));
}

/**
 * The places of processes by service and command, those with most memory first; of those without a name each
 * by itself.
 */
function placesByName(
  processes: readonly WeighedProcess[],
  isAsked: (place: number) => boolean,
): Map<string, number[]> {
  const services = serviceNames(
    processes.map(({ process: { cgroup, command }, residentPages }) => ({ cgroup, command, residentPages })),
  );
  const places = new Map<string, number[]>();
  const order = [...processes.keys()].sort((a, b) => processes[b].residentPages - processes[a].residentPages);
  for (const place of order.filter(isAsked)) {
    const { process } = processes[place];
    const name = JSON.stringify(isNamed(process) ? [services[place], process.command] : processKey(process));
    places.set(name, [...(places.get(name) ?? []), place]);
  }
  return places;
}
