import { parseDuration } from '../../core/base/duration.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { joinReleases } from '../../core/rules/kernel-release.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import { listDataset } from '../../fleet/dataset.ts';
import { clickHouseEngine } from '../../fleet/engines/clickhouse.ts';
import { openDuckDb } from '../../fleet/engines/duckdb.ts';
import type { FleetEngine } from '../../fleet/engines/engine.ts';
import { type FleetSurvey, surveyFleet } from '../../fleet/survey.ts';
import { type Context, warn } from '../shared/context.ts';
import type { FleetFlags } from './fleet-flags.ts';

/** A dataset behind an engine, and what of it is asked about. */
export interface OpenedFleet {
  readonly engine: FleetEngine;
  readonly survey: FleetSurvey;
  /** Whose memory it is. */
  readonly origin: MemoryOrigin;
  /** What is there and is not in any sum, a sentence each. */
  readonly leftOut: readonly string[];
}

/** A server may take so long for one statement. */
const QUERY_TIMEOUT_MS = 10 * 60_000;

/**
 * Opens the dataset that the flags name, finds the last reading of each of its hosts and has something asked
 * about them.
 */
export async function withFleet(
  context: Context,
  flags: FleetFlags,
  folder: string | undefined,
  ask: (fleet: OpenedFleet) => Promise<Result<void>>,
): Promise<Result<void>> {
  const opened = await openFleet(context, flags, folder);
  if (!opened.ok) return opened;
  try {
    return await ask(opened.value);
  } finally {
    await opened.value.engine.close();
  }
}

/** Says what is in a dataset and not in an answer. */
export function warnOfLeftOut(context: Context, { leftOut }: OpenedFleet): void {
  for (const line of leftOut) warn(context, `not counted: ${line}`);
}

async function openFleet(
  context: Context,
  flags: FleetFlags,
  folder: string | undefined,
): Promise<Result<OpenedFleet>> {
  const since = parseDuration(flags.since);
  if (since === undefined || since <= 0)
    return fail('usage', `--since ${flags.since}: write a time such as 12h or 7d`);
  const opened = await openEngine(context, flags, folder);
  if (!opened.ok) return opened;
  const { engine, notRead } = opened.value;
  const survey = await surveyFleet(engine, {
    where: flags.where,
    sinceMs: since / 1e6,
    nowMs: Date.now(),
  });
  if (!survey.ok) {
    await engine.close();
    return survey;
  }
  const leftOut = [...notRead, ...survey.value.leftOut];
  return succeed({
    engine,
    survey: survey.value,
    origin: originOfFleet(survey.value, folder ?? engine.name),
    leftOut,
  });
}

function originOfFleet({ kinds, hosts, oldestMs, newestMs }: FleetSurvey, source: string): MemoryOrigin {
  const [time, lastTime] = [oldestMs, newestMs].map((ms) => new Date(ms).toISOString());
  const kernelRelease = joinReleases(kinds.map(({ kernel }) => kernel));
  return { source, live: false, host: undefined, hosts, kernelRelease, time, lastTime };
}

async function openEngine(
  context: Context,
  { engine, url }: FleetFlags,
  folder: string | undefined,
): Promise<Result<{ readonly engine: FleetEngine; readonly notRead: readonly string[] }>> {
  if (engine === 'clickhouse') {
    if (url === undefined) return fail('usage', '--engine clickhouse needs --url http://HOST:8123');
    if (folder !== undefined)
      return fail('usage', `${folder}: --engine clickhouse asks the tables of the server, and no folder`);
    const opened = clickHouseEngine(url, context.process.env, { fetch, timeout: QUERY_TIMEOUT_MS });
    return opened.ok ? succeed({ engine: opened.value, notRead: [] }) : opened;
  }
  if (url !== undefined) return fail('usage', '--url goes with --engine clickhouse');
  if (folder === undefined) return fail('usage', 'no dataset given: name the folder that collect writes to');
  const listed = await listDataset(folder);
  if (!listed.ok) return listed;
  const duckdb = await openDuckDb(listed.value.files);
  return duckdb.ok ? succeed({ engine: duckdb.value, notRead: listed.value.notRead }) : duckdb;
}
