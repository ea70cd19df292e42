import { sumKnown } from '../../core/base/sum.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { processKey } from '../../core/rules/process-key.ts';
import { serviceNames } from '../../core/rules/service.ts';
import type { MemoryDigest, ProcessDigest, SourceDigest } from '../digest/memory-digest.ts';
import { identityOf } from './identity.ts';
import { type MachineDifference, machineDifference } from './machine-difference.ts';
import { matchOthers } from './matched-processes.ts';
import type { RepeatedBothTimes } from './memory-difference.ts';

/** What digests know of resident anonymous memory, in base pages. */
export interface HeldPages {
  residentPages: number;
  /** In large folios. */
  hugePages: number;
  /** Of these, what PMD entries map. */
  pmdMappedPages: number;
}

/** Some memory at two readings: of a process or of a service. */
export interface HeldDifference {
  /** Pid and command of a process, or the name of a service. */
  readonly name: string;
  /** Processes it had. */
  readonly processes: { readonly before: number; readonly after: number };
  readonly before: HeldPages;
  readonly after: HeldPages;
}

/** Two readings of which only the sums of processes are known. */
export interface DigestDifference {
  readonly geometry: Geometry;
  readonly processes: readonly HeldDifference[];
  readonly services: readonly HeldDifference[];
  readonly total: HeldDifference;
  readonly repeated: RepeatedBothTimes;
  readonly machine: MachineDifference;
}

/**
 * The difference of two digests, so many milliseconds apart. Processes are the same where boot, pid and start
 * time are; how others are matched, see `matchOthers`.
 */
export function digestDifference(
  before: SourceDigest,
  after: SourceDigest,
  elapsedMs: number,
): DigestDifference {
  const { geometry } = before.host;
  const pairs = pairsOf(before, after);
  const named = pairs.map((pair) => {
    const { pid, command } = pair.named.process;
    return differenceOf(`${pid} ${command}`, [pair]);
  });
  const names = serviceNames(
    pairs.map(({ named: { process, memory } }) => {
      const { cgroup, command } = process;
      return { cgroup, command, residentPages: memory.residentPages };
    }),
  );
  const services = new Map<string, Pair[]>();
  for (const [at, name] of names.entries()) services.set(name, [...(services.get(name) ?? []), pairs[at]]);
  return {
    geometry,
    processes: named,
    services: [...services].map(([name, own]) => differenceOf(name, own)),
    total: differenceOf('', pairs),
    repeated: { before: repeatedOf(before), after: repeatedOf(after) },
    machine: machineDifference(before.host, after.host, elapsedMs),
  };
}

function repeatedOf({ processes }: SourceDigest): number | undefined {
  if (processes.length === 1) return 0;
  return sumKnown(processes.map(({ memory }) => memory.repeated?.pages));
}

interface Pair {
  readonly before: ProcessDigest | undefined;
  readonly after: ProcessDigest | undefined;
  /** The later one, or else the earlier one. */
  readonly named: ProcessDigest;
}

function pairsOf(before: SourceDigest, after: SourceDigest): Pair[] {
  const identity = identityOf(before.host, after.host);
  const earlier = new Map(before.processes.map((each) => [processKey(each.process), each]));
  const pairs: Pair[] = [];
  const others: ProcessDigest[] = [];
  for (const each of after.processes) {
    const key = processKey(each.process);
    const same = identity.boot === 'same' ? earlier.get(key) : undefined;
    if (!same) others.push(each);
    else {
      earlier.delete(key);
      pairs.push({ before: same, after: each, named: each });
    }
  }
  const weighed = ({ process, memory }: ProcessDigest) => ({ process, residentPages: memory.residentPages });
  const gone = [...earlier.values()];
  for (const pair of matchOthers(gone.map(weighed), others.map(weighed), identity)) {
    const was = pair.before === undefined ? undefined : gone[pair.before];
    const is = pair.after === undefined ? undefined : others[pair.after];
    const named = is ?? was;
    if (named) pairs.push({ before: was, after: is, named });
  }
  return pairs;
}

function differenceOf(name: string, pairs: readonly Pair[]): HeldDifference {
  const [before, after] = [noPages(), noPages()];
  for (const pair of pairs) {
    addPages(before, pair.before?.memory);
    addPages(after, pair.after?.memory);
  }
  const processes = {
    before: pairs.filter((pair) => pair.before).length,
    after: pairs.filter((pair) => pair.after).length,
  };
  return { name, processes, before, after };
}

function noPages(): HeldPages {
  return { residentPages: 0, hugePages: 0, pmdMappedPages: 0 };
}

function addPages(into: HeldPages, memory: MemoryDigest | undefined): void {
  if (!memory) return;
  into.residentPages += memory.residentPages;
  into.hugePages += memory.hugePages;
  into.pmdMappedPages += memory.pmdMappedPages;
}
