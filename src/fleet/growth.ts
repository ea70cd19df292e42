import { type Result, succeed } from '../core/base/failure.ts';
import type { FleetEngine, FleetRow } from './engines/engine.ts';
import { growthStatement } from './growth-sql.ts';
import { type GrowthQuestion, growthWeights } from './growth-weights.ts';
import { addKeyedGrowth } from './keyed-growth.ts';

/** Columns of a table as a key, and the growth in pages of what has them in common. */
export interface KeyedGrowth {
  readonly key: readonly string[];
  readonly pages: number;
}

/**
 * By how many pages processes grow, added up by columns: as `policyWorthOf` says of their digests, without
 * the digests of each.
 */
export async function growthBy(
  engine: FleetEngine,
  question: GrowthQuestion,
  by: readonly string[],
): Promise<Result<KeyedGrowth[]>> {
  const { settings, model, when, geometry, where } = question;
  const pages = new Map<string, number>();
  const add = (row: FleetRow, growth: number) => {
    const key = JSON.stringify(by.map((column) => String(row[column])));
    pages.set(key, (pages.get(key) ?? 0) + growth);
  };
  const weights = growthWeights(settings, model, geometry, when);
  const counted = await engine.query(growthStatement(weights, by, where));
  if (!counted.ok) return counted;
  for (const row of counted.value) add(row, Number(row.growth ?? 0));
  if (when === 'restart') return succeed(keyed(pages));
  // A restart has all other ranges in its own tables.
  const others = await addKeyedGrowth(engine, question, by, add);
  return others.ok ? succeed(keyed(pages)) : others;
}

/** What does not grow is left out. */
function keyed(pages: ReadonlyMap<string, number>): KeyedGrowth[] {
  return [...pages]
    .filter(([, growth]) => growth !== 0)
    .map(([key, growth]) => ({ key: JSON.parse(key) as string[], pages: growth }));
}
