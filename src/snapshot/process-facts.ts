import { z } from 'zod';
import type { MemoryGroup, Process, ProcessFacts } from '../core/rules/memory-source.ts';
import { Damage } from './damage.ts';

/** What is known of processes besides their rows, by `processKey`. */
export type ProcessFactsTable = ReadonlyMap<string, ProcessFacts & Pick<Process, 'thpDisabled'>>;

/** A process by its pid and start time. */
export function processKey({ pid, startTime }: Pick<Process, 'pid' | 'startTime'>): string {
  return `${pid} ${startTime}`;
}

/** The process with what the table says of it; as it is where the table does not know it. */
export function withFacts(process: Process, facts: ProcessFactsTable): Process {
  return { ...process, ...facts.get(processKey(process)) };
}

/** The entry of a process in the table. */
export function factsOfProcess({
  thpDisabled,
  pinnedBytes,
  unplacedHugeBytes,
  ksmBytes,
  memoryGroups,
}: Process) {
  return { thpDisabled, pinnedBytes, unplacedHugeBytes, ksmBytes, memoryGroups };
}

const count = z.int().nonnegative();

/** The table in the metadata: groups once each, processes by their places among them. */
export const processFactsSchema = z.object({
  groups: z.array(z.object({ path: z.string(), limitBytes: count, usedBytes: count })),
  processes: z.record(
    z.string(),
    z.object({
      thpDisabled: z.boolean().optional(),
      pinnedBytes: count.optional(),
      unplacedHugeBytes: count.optional(),
      ksmBytes: count.optional(),
      memoryGroups: z.array(count).optional(),
    }),
  ),
});

type PackedFacts = z.output<typeof processFactsSchema>;

export function packFacts(facts: ProcessFactsTable): PackedFacts {
  const groups: MemoryGroup[] = [];
  const places = new Map<string, number>();
  const placeOf = (group: MemoryGroup): number => {
    const key = JSON.stringify(group);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, groups.length);
    return groups.push(group) - 1;
  };
  const processes = [...facts].map(([key, each]) => {
    return [key, { ...each, memoryGroups: each.memoryGroups?.map(placeOf) }] as const;
  });
  return { processes: Object.fromEntries(processes), groups };
}

/** Throws Damage where a process is in a group that there is not. */
export function unpackFacts({ groups, processes }: PackedFacts): ProcessFactsTable {
  const groupAt = (place: number): MemoryGroup => {
    const group = groups.at(place);
    if (!group) throw new Damage(`its metadata names control group ${place}, which it does not have`);
    return group;
  };
  return new Map(
    Object.entries(processes).map(([key, each]) => {
      return [key, { ...each, thpDisabled: each.thpDisabled, memoryGroups: each.memoryGroups?.map(groupAt) }];
    }),
  );
}
