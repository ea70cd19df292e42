import type { GrowingHost } from '../analysis/reading/fleet-facts.ts';
import { type Result, succeed } from '../core/base/failure.ts';
import { type Geometry, pageBytes } from '../core/memory/geometry.ts';
import type { FleetEngine } from './engines/engine.ts';
import { growthBy } from './growth.ts';
import type { GrowthQuestion, GrowthTime } from './growth-weights.ts';
import { sqlName } from './tables.ts';

/** The hosts that grow under settings: those that it hurts most first. */
export async function growingHosts(
  engine: FleetEngine,
  question: Omit<GrowthQuestion, 'when'>,
  /** A condition on `hosts` alone, that selects the readings. */
  last: string,
): Promise<Result<GrowingHost[]>> {
  const available = await engine.query(
    `SELECT host, mem_available_bytes FROM ${sqlName('hosts')} WHERE ${last} ORDER BY host`,
  );
  if (!available.ok) return available;
  const grown: Record<GrowthTime, Map<string, number>> = { now: new Map(), restart: new Map() };
  for (const when of ['now', 'restart'] as const) {
    const pages = await growthBy(engine, { ...question, when }, ['host']);
    if (!pages.ok) return pages;
    for (const { key, pages: each } of pages.value) grown[when].set(key[0], each);
  }
  const hosts = available.value.map(({ host, mem_available_bytes: bytes }): GrowingHost => {
    const name = String(host);
    return {
      host: name,
      now: grown.now.get(name) ?? 0,
      restart: grown.restart.get(name) ?? 0,
      availableBytes: typeof bytes === 'number' ? bytes : undefined,
    };
  });
  return succeed(
    hosts
      .filter(({ now, restart }) => now > 0 || restart > 0)
      .map((each) => ({ each, harm: harmOf(each, question.geometry) }))
      .sort((a, b) => b.harm - a.harm)
      .map(({ each }) => each),
  );
}

/** Growth as a part of what the host has left; in bytes where it did not say. */
function harmOf({ now, restart, availableBytes }: GrowingHost, geometry: Geometry): number {
  const bytes = Math.max(now, restart) * pageBytes(geometry);
  return availableBytes === undefined ? bytes / 2 ** 50 : bytes / Math.max(1, availableBytes);
}
