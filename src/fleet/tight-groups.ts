import { type LimitedGroup, limitedGroups } from '../analysis/advice/group-room.ts';
import type { ProcessDigest, SourceDigest } from '../analysis/digest/memory-digest.ts';
import { type Result, succeed } from '../core/base/failure.ts';
import { pageBytes } from '../core/memory/geometry.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { MemoryGroup } from '../core/rules/memory-source.ts';
import type { FleetEngine } from './engines/engine.ts';
import { type FoldedGeometry, fold } from './fold.ts';
import { growthBy } from './growth.ts';
import type { GrowthQuestion } from './growth-weights.ts';
import { sqlText } from './sql-text.ts';
import { sqlName } from './tables.ts';

/** Groups that are looked at closely, at most: those that lack most. */
const EXAMINED = 50;

/** A process of a fleet. */
const PROCESS = ['host', 'pid', 'start_time'] as const;

/**
 * The limited control groups that lack most room for what settings make of their processes, each with the
 * memory of all of them, as `limitedGroups` has those of one host. Groups are of one host each.
 */
export async function groupsWithoutRoom(
  engine: FleetEngine,
  question: GrowthQuestion,
  folded: FoldedGeometry,
  source: Pick<SourceDigest, 'host' | 'reach'>,
): Promise<Result<LimitedGroup[]>> {
  const limits = await engine.query(
    `SELECT host, pid, start_time, path, limit_bytes, used_bytes FROM ${sqlName('limits')} WHERE ${question.where} ORDER BY host, path, pid, start_time`,
  );
  if (!limits.ok) return limits;
  if (limits.value.length === 0) return succeed([]);
  const grown = await growthBy(engine, question, PROCESS);
  if (!grown.ok) return grown;
  const pagesOf = new Map(grown.value.map(({ key, pages }) => [JSON.stringify(key), pages]));
  const groups = new Map<
    string,
    { readonly group: MemoryGroup; readonly members: string[][]; pages: number }
  >();
  for (const row of limits.value) {
    const process = PROCESS.map((column) => String(row[column]));
    const path = `${row.path} on ${row.host}`;
    const known = groups.get(path) ?? {
      group: { path, limitBytes: Number(row.limit_bytes), usedBytes: Number(row.used_bytes) },
      members: [],
      pages: 0,
    };
    groups.set(path, known);
    known.members.push(process);
    known.pages += pagesOf.get(JSON.stringify(process)) ?? 0;
  }
  const lacking = ({ group, pages }: { group: MemoryGroup; pages: number }) =>
    pages * pageBytes(folded.geometry) - Math.max(0, group.limitBytes - group.usedBytes);
  const tight = [...groups.values()]
    .filter((each) => each.pages > 0 && lacking(each) > 0)
    .sort((a, b) => lacking(b) - lacking(a))
    .slice(0, EXAMINED);
  return tight.length === 0 ? succeed([]) : withMemory(engine, question, folded, source, tight);
}

async function withMemory(
  engine: FleetEngine,
  { model, where }: { readonly model: KernelModel; readonly where: string },
  folded: FoldedGeometry,
  source: Pick<SourceDigest, 'host' | 'reach'>,
  groups: readonly { readonly group: MemoryGroup; readonly members: readonly string[][] }[],
): Promise<Result<LimitedGroup[]>> {
  const groupsOf = new Map<string, MemoryGroup[]>();
  for (const { group, members } of groups)
    for (const member of members) {
      const key = JSON.stringify(member);
      groupsOf.set(key, [...(groupsOf.get(key) ?? []), group]);
    }
  const listed = [...groupsOf.keys()].map((key) => {
    const [host, pid, start] = JSON.parse(key) as string[];
    return `(${sqlText(host)}, ${pid}, ${start})`;
  });
  const members = `${where} AND (${PROCESS.join(', ')}) IN (${listed.join(', ')})`;
  const parts = await fold(engine, { by: PROCESS, where: members }, folded);
  if (!parts.ok) return parts;
  const processes = parts.value.map(
    ({ key, cgroup, memory }): ProcessDigest => ({
      process: {
        pid: Number(key[1]),
        startTime: Number(key[2]),
        command: '',
        cgroup,
        thpDisabled: undefined,
        memoryGroups: groupsOf.get(JSON.stringify(key)),
      },
      memory,
      isRegistered: undefined,
    }),
  );
  return succeed(limitedGroups({ ...source, processes }, model));
}
