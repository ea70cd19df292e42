import { settingsOfJson } from '../analysis/digest/digest-json.ts';
import type { ProcessDigest, SourceDigest } from '../analysis/digest/memory-digest.ts';
import { commonValue } from '../core/base/common-value.ts';
import { type Result, succeed } from '../core/base/failure.ts';
import { commonCpu } from '../core/rules/cpu.ts';
import { joinReleases } from '../core/rules/kernel-release.ts';
import { commonReach } from '../core/rules/tlb-reach.ts';
import type { FleetEngine } from './engines/engine.ts';
import { type FoldedGeometry, fold } from './fold.ts';
import type { FoldKey } from './fold-sql.ts';
import type { FleetSurvey, HostKind } from './survey.ts';

/** The memory of all hosts, as that of one source. */
export interface FleetMemory {
  readonly survey: FleetSurvey;
  /** Its processes are sums; what the hosts do not have in common is undefined. */
  readonly source: SourceDigest;
  readonly shape: FoldedGeometry;
}

/** Adds the processes of the hosts of a survey up by these keys; by none, all are one part. */
export async function foldFleet(
  engine: FleetEngine,
  survey: FleetSurvey,
  by: readonly FoldKey[],
): Promise<Result<FleetMemory>> {
  const { kinds, geometry, where, newestMs } = survey;
  const reach = commonReach(kinds.map(({ facts }) => facts.tlb));
  const sameReach = kinds.every(({ facts }) => facts.tlb.pages === kinds[0].facts.tlb.pages);
  const shape = { geometry, reachPages: reach.pages, sameReach };
  const folded = await fold(engine, { by, where }, shape);
  if (!folded.ok) return folded;
  const processes = folded.value.map(({ key, processes: count, cgroup, memory }): ProcessDigest => {
    const named = (column: FoldKey) => (by.includes(column) ? key[by.indexOf(column)] : undefined);
    const command = named('command') ?? named('service') ?? key.join(' ');
    return {
      process: { pid: 0, startTime: 0, command, cgroup, thpDisabled: undefined },
      memory,
      isRegistered: undefined,
      count,
      service: named('service'),
    };
  });
  processes.sort((a, b) => b.memory.residentPages - a.memory.residentPages);
  return succeed({
    survey,
    shape,
    source: {
      host: {
        ...hostInCommon(kinds),
        bootId: undefined,
        time: new Date(newestMs).toISOString(),
        geometry,
      },
      reach,
      processes,
      skipped: [],
      notes: [],
    },
  });
}

/** What hosts have in common; undefined where they differ. */
export function hostInCommon(kinds: readonly HostKind[]) {
  const common = <T>(of: (kind: HostKind) => T): T | undefined => commonValue(kinds.map(of));
  const settings = common(({ facts }) => JSON.stringify(facts.settings));
  const pace = common(({ facts }) => JSON.stringify(facts.khugepaged));
  const [{ facts }] = kinds;
  return {
    kernelRelease: joinReleases(kinds.map(({ kernel }) => kernel)),
    settings: settings !== undefined && facts.settings ? settingsOfJson(facts.settings) : undefined,
    khugepaged: pace === undefined ? undefined : facts.khugepaged,
    shrinkUnderused: common((kind) => kind.facts.shrinkUnderused),
    zoneReclaim: common((kind) => kind.facts.zoneReclaim),
    cpu: commonCpu(kinds.map((kind) => kind.facts.cpu)),
  };
}
