import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { type Service, serviceNames, serviceOf } from '../../core/rules/service.ts';
import { type LimitedGroup, limitedGroups } from '../advice/group-room.ts';
import { DigestQuery } from '../digest/digest-query.ts';
import { type ProcessDigest, type SourceDigest, totalDigest } from '../digest/memory-digest.ts';

/** A service with all memory of its processes: docs/services.md. */
export interface ServiceMemory {
  /** One name, one service. */
  readonly name: string;
  readonly service: Service;
  readonly processes: readonly ProcessDigest[];
  /** Commands of its processes, those with most memory first. */
  readonly commands: readonly string[];
  readonly query: DigestQuery;
  /** Its control groups that have limits, with its own processes alone. */
  readonly groups: readonly LimitedGroup[];
}

/** The services of a source, those with most memory first. */
export function memoryByService(
  { processes, host, reach }: Pick<SourceDigest, 'processes' | 'host' | 'reach'>,
  model: KernelModel,
): ServiceMemory[] {
  const names = serviceNames(
    processes.map(({ process: { cgroup, command }, memory: { residentPages } }) => ({
      cgroup,
      command,
      residentPages,
    })),
  );
  const members = new Map<string, ProcessDigest[]>();
  for (const [at, named] of names.entries()) {
    const name = processes[at].service ?? named;
    members.set(name, [...(members.get(name) ?? []), processes[at]]);
  }
  return [...members]
    .map(([name, own]) => {
      const bySize = [...own].sort((a, b) => b.memory.residentPages - a.memory.residentPages);
      return {
        name,
        service: serviceOf(bySize[0].process.cgroup),
        processes: own,
        commands: [...new Set(bySize.map(({ process }) => process.command))],
        query: new DigestQuery(totalDigest({ host, reach, processes: own })),
        groups: limitedGroups({ host, reach, processes: own }, model),
      };
    })
    .sort((a, b) => b.query.memory.residentPages - a.query.memory.residentPages);
}
