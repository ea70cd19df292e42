import * as z from 'zod/mini';
import type { GroupCounters, MemoryGroup, Process, ProcessFacts } from '../core/rules/memory-source.ts';
import { processKey } from '../core/rules/process-key.ts';
import { Damage } from './damage.ts';

/** What is known of processes besides their rows, by `processKey`. */
export type ProcessFactsTable = ReadonlyMap<string, ProcessFacts & Pick<Process, 'thpDisabled'>>;

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
  groupCounters,
}: Process) {
  return { thpDisabled, pinnedBytes, unplacedHugeBytes, ksmBytes, memoryGroups, groupCounters };
}

const count = z.int().check(z.nonnegative());

/** The table in the metadata: groups once each, processes by their places among them. */
export const processFactsSchema = z.object({
  groups: z.array(z.object({ path: z.string(), limitBytes: count, usedBytes: count })),
  processes: z.record(
    z.string(),
    z.object({
      thpDisabled: z.optional(z.boolean()),
      pinnedBytes: z.optional(count),
      unplacedHugeBytes: z.optional(count),
      ksmBytes: z.optional(count),
      memoryGroups: z.optional(z.array(count)),
      groupCounters: z.optional(count),
    }),
  ),
  /** Recordings of older versions have none. */
  counted: z._default(
    z.array(z.object({ path: z.string(), counters: z.record(z.string().check(z.maxLength(128)), count) })),
    [],
  ),
});

type PackedFacts = z.output<typeof processFactsSchema>;

export function packFacts(facts: ProcessFactsTable): PackedFacts {
  const groups = new Places<MemoryGroup>();
  const counted = new Places<GroupCounters>();
  const processes = [...facts].map(([key, each]) => {
    const memoryGroups = each.memoryGroups?.map((group) => groups.placeOf(group));
    const groupCounters = each.groupCounters && counted.placeOf(each.groupCounters);
    return [key, { ...each, memoryGroups, groupCounters }] as const;
  });
  return { processes: Object.fromEntries(processes), groups: groups.values, counted: counted.values };
}

/** Values that are equal are kept once. */
class Places<T> {
  readonly values: T[] = [];
  readonly #places = new Map<string, number>();

  placeOf(value: T): number {
    const key = JSON.stringify(value);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}

/** Throws Damage where a process is in a group that there is not. */
export function unpackFacts({ groups, processes, counted }: PackedFacts): ProcessFactsTable {
  const at = <T extends object>(values: readonly T[], place: number): T => {
    const value = values.at(place);
    if (!value) throw new Damage(`its metadata names control group ${place}, which it does not have`);
    return value;
  };
  return new Map(
    Object.entries(processes).map(([key, each]) => {
      const memoryGroups = each.memoryGroups?.map((place) => at(groups, place));
      const groupCounters = each.groupCounters === undefined ? undefined : at(counted, each.groupCounters);
      return [key, { ...each, thpDisabled: each.thpDisabled, memoryGroups, groupCounters }];
    }),
  );
}
