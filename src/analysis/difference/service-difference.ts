import { sum } from '../../core/base/sum.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { serviceNames } from '../../core/rules/service.ts';
import { addForetold, type Foretold, nothingForetold } from './foretold.ts';
import type { ProcessDifference } from './memory-difference.ts';
import { addChanges, noChanges, type PageChanges } from './page-changes.ts';

/** The processes of a service at two readings. */
export interface ServiceDifference {
  /** One name, one service: docs/services.md. */
  readonly name: string;
  /** How many processes it had. */
  readonly before: number;
  readonly after: number;
  readonly changes: PageChanges;
  /** Undefined where nothing was asked of the earlier reading. */
  readonly foretold: Foretold | undefined;
}

/** Differences of processes added up by service. */
export function serviceDifferences(
  processes: readonly ProcessDifference[],
  geometry: Geometry,
): ServiceDifference[] {
  const names = serviceNames(
    processes.map(({ before, after, changes }) => ({
      cgroup: (after ?? before)?.cgroup ?? '',
      command: (after ?? before)?.command ?? '',
      residentPages: sum(changes.after),
    })),
  );
  const members = new Map<string, ProcessDifference[]>();
  for (const [at, name] of names.entries()) members.set(name, [...(members.get(name) ?? []), processes[at]]);
  return [...members].map(([name, own]) => {
    const changes = noChanges(geometry);
    const foretold = own.some((each) => each.foretold) ? nothingForetold() : undefined;
    for (const each of own) {
      addChanges(changes, each.changes);
      if (foretold && each.foretold) addForetold(foretold, each.foretold);
    }
    const before = own.filter((each) => each.before).length;
    return { name, before, after: own.filter((each) => each.after).length, changes, foretold };
  });
}
