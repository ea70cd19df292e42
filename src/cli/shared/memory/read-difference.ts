import type { ForetoldUnder } from '../../../analysis/difference/foreteller.ts';
import { memoryDifference } from '../../../analysis/difference/memory-difference.ts';
import {
  type ReadingDifference,
  readingDifference,
} from '../../../analysis/difference/reading-difference.ts';
import { RangeTable } from '../../../analysis/table/range-table.ts';
import { type Result, succeed } from '../../../core/base/failure.ts';
import type { Host, MemoryOrigin } from '../../../core/rules/memory-source.ts';
import type { Context } from '../context.ts';
import { startProgress } from '../output/progress.ts';
import { readMemory } from './read-memory.ts';
import { type OpenedMemory, otherPageSize, sameGeometry } from './source.ts';

/** A difference, and what is said of the two readings. */
export interface ReadDifference {
  readonly difference: ReadingDifference;
  readonly origins: readonly [before: readonly MemoryOrigin[], after: readonly MemoryOrigin[]];
  readonly notes: ReadonlySet<string>;
}

/**
 * Reads the earlier memory, then the later one, closes both, and tells what changed. Fails where they have
 * other page sizes, or one of them cannot be read.
 */
export async function readDifference(
  context: Context,
  before: OpenedMemory,
  after: OpenedMemory,
  under: ForetoldUnder | undefined,
): Promise<Result<ReadDifference>> {
  const hosts = [before.source.host, after.source.host] as const;
  const { geometry } = hosts[0];
  if (!sameGeometry(geometry, hosts[1].geometry)) {
    before.close();
    after.close();
    return otherPageSize(context.command, after.origins[0].source, before.origins[0].source);
  }
  const progress = startProgress(context);
  const table = new RangeTable(geometry, before.rows);
  const first = await readMemory(
    before,
    async (items) => {
      for await (const item of items) table.add(item);
      return succeed(undefined);
    },
    { progress },
  );
  if (!first.ok) {
    after.close();
    return first;
  }
  const second = await readMemory(
    after,
    async (items) => succeed(await memoryDifference(table, hosts[0], items, hosts[1], under)),
    { progress },
  );
  if (!second.ok) return second;
  return succeed({
    difference: readingDifference(second.value.value, ...hosts, elapsedMs(...hosts)),
    origins: [first.value.origins, second.value.origins],
    notes: new Set([...first.value.notes, ...second.value.notes]),
  });
}

/** Milliseconds from one reading to the next. */
export function elapsedMs(before: Pick<Host, 'time'>, after: Pick<Host, 'time'>): number {
  return Date.parse(after.time) - Date.parse(before.time);
}
