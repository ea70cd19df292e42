import type { FleetSum } from '../analysis/reading/fleet-facts.ts';
import { type Result, succeed } from '../core/base/failure.ts';
import { pagesPerRange } from '../core/memory/geometry.ts';
import type { FleetEngine } from './engines/engine.ts';
import type { FoldKey } from './fold-sql.ts';
import { growthBy } from './growth.ts';
import type { GrowthQuestion } from './growth-weights.ts';
import { sqlName } from './tables.ts';

/** Adds processes up by one column: memory as it is, and its growth under settings. */
export async function sumsBy(
  engine: FleetEngine,
  by: FoldKey,
  question: Omit<GrowthQuestion, 'when'>,
): Promise<Result<FleetSum[]>> {
  const { geometry, where } = question;
  const rows = await engine.query(
    `SELECT ${by}, COUNT(DISTINCT host) AS members, COUNT(*) AS processes, SUM(resident_pages) AS resident, SUM(huge_pages) AS huge, SUM(pmd_mapped_pages) AS mapped, SUM(saved_entries) AS saved FROM (SELECT host, date, kernel, service, command, resident_pages, huge_pages, pmd_mapped_pages, saved_entries FROM ${sqlName('processes')} WHERE ${where}) AS asked GROUP BY ${by} ORDER BY ${by}`,
  );
  if (!rows.ok) return rows;
  const now = await growthBy(engine, { ...question, when: 'now' }, [by]);
  if (!now.ok) return now;
  const restart = await growthBy(engine, { ...question, when: 'restart' }, [by]);
  if (!restart.ok) return restart;
  const pagesOf = (grown: typeof now.value) => new Map(grown.map(({ key, pages }) => [key[0], pages]));
  const [grownNow, grownThen] = [pagesOf(now.value), pagesOf(restart.value)];
  return succeed(
    rows.value.map((row) => {
      const key = String(row[by]);
      const mapped = Number(row.mapped);
      const resident = Number(row.resident);
      return {
        key,
        hosts: Number(row.members),
        processes: Number(row.processes),
        residentPages: resident,
        hugePages: Number(row.huge),
        tlbEntries: resident - Number(row.saved) - mapped + mapped / pagesPerRange(geometry),
        growthPages: grownNow.get(key) ?? 0,
        restartGrowthPages: grownThen.get(key) ?? 0,
      };
    }),
  );
}
