import { adviceWithin, outcomesByProcess } from '../../analysis/advise.ts';
import { assumesRegistration } from '../../analysis/assumptions.ts';
import { bootParameters } from '../../analysis/boot-parameters.ts';
import { DigestQuery } from '../../analysis/digest-query.ts';
import { totalDigest } from '../../analysis/memory-digest.ts';
import { readOnKernel } from '../../analysis/read-on.ts';
import { adviceSpace } from '../../analysis/sweep-space.ts';
import { settingsFor, writesBetween } from '../../analysis/sysfs-writes.ts';
import { parseBytes } from '../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { LIMIT_FILES } from '../../core/base/sysfs.ts';
import { pageBytes } from '../../core/memory/geometry.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { adviseJson } from '../../render/json/advise.ts';
import { adviseText } from '../../render/text/advise.ts';
import { writesText } from '../../render/text/write-formats.ts';
import { adviceLine } from '../../render/words/advise-view.ts';
import { kernelAsked } from '../shared/asked-kernel.ts';
import { settingsFromFlags } from '../shared/command-policy.ts';
import { type Context, print, styleFor, warn } from '../shared/context.ts';
import { digestFromFlags } from '../shared/digest-source.ts';
import { interruptible } from '../shared/interrupt.ts';
import { runSweep } from '../shared/sweep-run.ts';
import type { AdviseFlags } from './command.ts';

/** `thpscope advise`: the policy that fits a budget. It prints what to write and writes nothing. */
export async function advise(this: Context, flags: AdviseFlags, ...files: string[]): Promise<void> {
  await interruptible(this, (signal) => adviseSource(this, flags, files, signal));
}

async function adviseSource(
  context: Context,
  flags: AdviseFlags,
  files: string[],
  signal: AbortSignal,
): Promise<Result<void>> {
  const budget = parseGrowth(flags.maxGrowth);
  if (!budget.ok) return budget;
  const digested = await digestFromFlags(context, flags, files, { signal });
  if (!digested.ok) return digested;
  const source = digested.value;
  const memory = totalDigest(source);
  const { geometry, settings: known, kernelRelease } = source.host;
  const asked = kernelAsked(flags.kernel, kernelRelease);
  if (!asked.ok) return asked;
  const model = asked.value;
  const base = await settingsFromFlags(flags, geometry, source.host, isKept);
  if (!base.ok) return base;
  const { shrinkUnderused: _, ...kept } = base.value;
  const space = adviceSpace(memory, model, [flags.words], kept);
  const values = await runSweep(context, memory, space, { workers: flags.workers, signal });
  const growthPages = Math.floor(budget.value(memory.residentPages, pageBytes(geometry)));
  const limits = { growthPages, laterAttempts: flags.maxWork };
  const { chosen, withoutGrowth } = adviceWithin(space, values, limits);
  const settings = settingsFor(kept, chosen.policy, geometry);
  const query = new DigestQuery(memory);
  const view = {
    source,
    memory,
    model,
    readOn: readOnKernel(kernelRelease, files.length === 0),
    budget: limits,
    chosen,
    withoutGrowth,
    counts: query.ask(settings, model),
    currentCounts: known && query.ask(known, model),
    byProcess: outcomesByProcess(source, settings, model),
    listing: { sort: flags.sort, top: flags.top },
    assumesRegistration: assumesRegistration({ settings: known }, settings, geometry),
    set: writesBetween(known ?? kept, settings, geometry),
    restore: known && writesBetween(settings, known, geometry),
  };
  const format = flags.json ? 'json' : (flags.format ?? 'text');
  if (format === 'json') await print(context, `${JSON.stringify(adviseJson(view))}\n`);
  else if (format === 'text') await print(context, adviseText(view, styleFor(context, flags.color)));
  else {
    const boot = (each: ThpSettings) => bootParameters(each, kernelRelease, geometry);
    const writes = {
      advice: adviceLine(chosen.policy, geometry),
      set: view.set,
      restore: view.restore,
      boot: boot(settings),
      bootNow: known && boot(known),
    };
    await print(context, writesText(format, writes));
  }
  if (format !== 'json') for (const note of source.notes) warn(context, note);
  return succeed(undefined);
}

/** Whether advice keeps what a file says: it chooses sizes and max_ptes_none. */
function isKept(path: string): boolean {
  const { maxPtesSwap, maxPtesShared } = LIMIT_FILES;
  return ['enabled', `khugepaged/${maxPtesSwap}`, `khugepaged/${maxPtesShared}`].includes(path);
}

type Growth = (residentPages: number, bytesPerPage: number) => number;

/** Reads a budget: a share of the memory read (2%) or a size (512M); as pages of a given memory. */
function parseGrowth(text: string): Result<Growth> {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (share) return succeed((pages) => (pages * Number(share[1])) / 100);
  const bytes = text === '0' ? 0 : parseBytes(text);
  if (bytes !== undefined) return succeed((_, bytesPerPage) => bytes / bytesPerPage);
  return fail(
    'usage',
    `--max-growth ${text}: write a share of the memory such as 2%, or a size such as 512M`,
  );
}
