import { CacheQuery } from '../../analysis/cache/cache-query.ts';
import { type SourceDigest, totalDigest } from '../../analysis/digest/memory-digest.ts';
import { readOnKernel } from '../../analysis/reading/read-on.ts';
import { paretoFront, resultAt } from '../../analysis/sweep/pareto.ts';
import { policyCount } from '../../analysis/sweep/sweep.ts';
import { SweptCache } from '../../analysis/sweep/swept-cache.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { LIMIT_FILES } from '../../core/base/sysfs.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import { ORIGIN_COLUMNS, originCells } from '../../render/csv/origin.ts';
import { sweepCsvHead, sweepCsvLine } from '../../render/csv/sweep.ts';
import { sweepJson } from '../../render/json/sweep.ts';
import { sweepText } from '../../render/text/sweep/sweep.ts';
import { type Context, print, printText, styleFor, warn } from '../shared/context.ts';
import { digestTotal } from '../shared/digest/digest-source.ts';
import { runSweep } from '../shared/digest/sweep-run.ts';
import { settingsFromFlags } from '../shared/flags/command-policy.ts';
import { interruptible } from '../shared/interrupt.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import { sourceInputs } from '../shared/memory/source.ts';
import { readVersion } from '../shared/version.ts';
import type { PrintedSweepFlags, SweepFlags } from './command.ts';
import { modelsFrom, modelsOfMemory, parametersFromFlags, spaceFrom } from './space.ts';

/** `thpscope sweep`: many policies at once. */
export async function sweep(this: Context, flags: SweepFlags, ...files: string[]): Promise<void> {
  await interruptible(this, (signal) => sweepSource(this, flags, files, signal));
}

/** Limits that no sweep varies. */
function isLimitKept(path: string): boolean {
  return path.endsWith(LIMIT_FILES.maxPtesSwap) || path.endsWith(LIMIT_FILES.maxPtesShared);
}

async function sweepSource(
  context: Context,
  asked: SweepFlags,
  words: string[],
  signal: AbortSignal,
): Promise<Result<void>> {
  if (asked.csv && asked.json) return fail('usage', '--csv and --json cannot be combined');
  const parameters = parametersFromFlags(asked);
  if (!parameters.ok) return parameters;
  const named = modelsFrom(parameters.value);
  if (!named.ok) return named;
  const inputs = await sourceInputs(context, asked, words);
  if (!inputs.ok) return inputs;
  const { flags, files } = inputs.value;
  const walkAll = named.value?.some(({ noneRule }) => noneRule !== 'ends') === true;
  const total = await digestTotal(context, flags, files, { signal, walkAll });
  if (!total.ok) return total;
  const { notes, origins } = total.value.source;
  const memory = { ...total.value, origins, runsHere: files.length === 0 };
  const swept = await sweepDigest(context, flags, memory, signal);
  if (swept.ok) for (const note of notes) if (!flags.json && !flags.csv) warn(context, note);
  return swept;
}

/** Memory that is swept. */
export interface SweepSource {
  readonly source: SourceDigest;
  /** Whose it is. */
  readonly origins: readonly MemoryOrigin[];
  /** How many processes it is of. */
  readonly processes: number;
  /** How many hosts they run on, where they are those of a fleet. */
  readonly hosts?: number;
  /** Memory of this machine, and not a recording. */
  readonly runsHere: boolean;
}

/** Sweeps a digest and prints what came of it. */
export async function sweepDigest(
  context: Context,
  flags: PrintedSweepFlags,
  { source, origins, processes, hosts, runsHere }: SweepSource,
  signal: AbortSignal,
): Promise<Result<void>> {
  const parameters = parametersFromFlags(flags);
  if (!parameters.ok) return parameters;
  const named = modelsFrom(parameters.value);
  if (!named.ok) return named;
  const { geometry, settings, kernelRelease } = source.host;
  const models = named.value ? succeed(named.value) : modelsOfMemory(kernelRelease);
  if (!models.ok) return models;
  const memory = totalDigest(source);
  const limits = await settingsFromFlags(flags, geometry, { settings }, isLimitKept);
  if (!limits.ok) return limits;
  const space = spaceFrom(parameters.value, models.value, memory, limits.value);
  if (!space.ok) return space;

  const values = await runSweep(context, memory, space.value, { workers: flags.workers, signal });
  const front = paretoFront(space.value, values);
  // Of several models the one that collapses most.
  const ofFiles = { collapsesFiles: models.value.some(({ collapsesFiles }) => collapsesFiles) };
  const cache =
    source.cache &&
    new SweptCache(new CacheQuery(source.cache, source.host.shmem, ofFiles), limits.value, space.value);
  if (flags.csv) {
    const onFront = new Set(front.map(({ index }) => index));
    const policies = policyCount(space.value);
    const from = originCells(origins, '', readVersion());
    await print(context, `${sweepCsvHead()},${ORIGIN_COLUMNS}\n`);
    for (let index = 0; index < policies; index++) {
      if (index % 4096 === 0) signal.throwIfAborted();
      const result = resultAt(space.value, values, index);
      const line = sweepCsvLine(result, memory, onFront.has(index), cache?.worth(result.policy));
      await print(context, `${line},${from}\n`);
    }
    return succeed(undefined);
  }
  const readOn = readOnKernel(kernelRelease, runsHere);
  const { reach } = source;
  const view = {
    memory,
    skipped: source.skipped,
    reach,
    space: space.value,
    values,
    front,
    processes,
    hosts,
    cache,
    groups: source.processes.flatMap(({ process }) => process.memoryGroups ?? []),
  };
  if (flags.json)
    await print(context, `${JSON.stringify({ ...sweepJson(view), ...originField(origins) })}\n`);
  else {
    await printOrigin(context, origins);
    await printText(context, sweepText(view, readOn, styleFor(context, flags.color)));
  }
  return succeed(undefined);
}
