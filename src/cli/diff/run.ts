import { statSync } from 'node:fs';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Host } from '../../core/rules/memory-source.ts';
import { diffCsv, serviceCsv } from '../../render/csv/diff.ts';
import { originCells } from '../../render/csv/origin.ts';
import { diffJson } from '../../render/json/diff.ts';
import { diffText } from '../../render/text/diff/diff.ts';
import { matchWords } from '../../render/words/diff-words.ts';
import { type Context, print, printText, reportFailure, styleFor, warn } from '../shared/context.ts';
import { type CommandPolicy, policyFromFlags } from '../shared/flags/command-policy.ts';
import { type PolicyFlags, policyFlags } from '../shared/flags/policy-flags.ts';
import { type CommandInputs, commandInputs } from '../shared/input/command-inputs.ts';
import { isDigestFile } from '../shared/input/is-digest-file.ts';
import { interruptible } from '../shared/interrupt.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import { readDifference } from '../shared/memory/read-difference.ts';
import { type OpenedMemory, openProcesses, openSnapshots } from '../shared/memory/source.ts';
import { readVersion } from '../shared/version.ts';
import type { DiffFlags } from './command.ts';

/** Rows of the table of processes. */
const TABLE_ROWS = 20;

/** `thpscope diff`: two readings of memory, what changed, and whether it was predicted. */
export async function diff(this: Context, flags: DiffFlags, ...words: string[]): Promise<void> {
  const inputs = await commandInputs(this, flags, words);
  const done = inputs.ok ? await diffReadings(this, inputs.value) : inputs;
  if (!done.ok) reportFailure(this, done.failure);
}

async function diffReadings(context: Context, inputs: CommandInputs<DiffFlags>): Promise<Result<void>> {
  const { flags, files } = inputs;
  if (flags.csv && flags.json) return fail('usage', '--csv and --json are two forms: give one');
  const folder = files.find(({ path }) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  if (folder) {
    if (files.length > 1 || isLive(flags) || isAsked(flags))
      return fail('usage', `${folder.name}: is a series, which is compared alone and without settings`);
    const { diffSeries } = await import('./series.ts');
    return diffSeries(context, flags, folder.path);
  }
  const named = namesTwo(inputs);
  if (!named.ok) return named;
  const digest = files.find(isDigestFile);
  if (digest) {
    if (isAsked(flags))
      return fail('usage', `${digest.name}: is a digest, which does not tell what came true; give snapshots`);
    const { diffDigests } = await import('./digests.ts');
    const top = flags.top ?? TABLE_ROWS;
    await interruptible(context, (signal) => diffDigests(context, flags, files, top, signal));
    return succeed(undefined);
  }
  const opened = await openBoth(context, inputs);
  if (!opened.ok) return opened;
  const [before, after] = opened.value;
  const asked = await policyAsked(flags, before.source.host, after.source.host);
  if (!asked.ok) {
    before.close();
    after.close();
    return asked;
  }
  const under = asked.value && {
    runPolicy: asked.value,
    surroundings: before.source.host,
    laterSurroundings: after.source.host,
  };
  const read = await readDifference(context, before, after, under);
  if (!read.ok) return read;
  const { difference, notes } = read.value;
  const origins = read.value.origins.flat();
  // Text says it where it is read; rows and JSON do not.
  if ((flags.json || flags.csv) && difference.isOneMachine === false) warn(context, matchWords(difference));
  if (flags.json) {
    await print(
      context,
      `${JSON.stringify({ ...diffJson(difference, asked.value?.model), ...originField(origins) })}\n`,
    );
    return succeed(undefined);
  }
  if (flags.csv) {
    await print(
      context,
      flags.by === 'service'
        ? serviceCsv(difference.memory, originCells(origins, '', readVersion()))
        : diffCsv(difference.memory, flags.verbose === true, originCells(origins, '', readVersion())),
    );
    return succeed(undefined);
  }
  for (const each of read.value.origins) await printOrigin(context, each);
  const view = {
    difference,
    asked: asked.value,
    by: flags.by,
    verbose: flags.verbose === true,
    top: flags.top ?? TABLE_ROWS,
  };
  await printText(context, diffText(view, styleFor(context, flags.color)));
  for (const note of notes) warn(context, note);
  return succeed(undefined);
}

/** Whether two readings are named: two files, or one and running processes. */
function namesTwo({ flags, files }: CommandInputs<DiffFlags>): Result<void> {
  const isNow = files.length === 1 && isLive(flags);
  if (isNow || (files.length === 2 && !isLive(flags))) return succeed(undefined);
  return fail(
    'usage',
    'give two recordings, or one and the processes that run now: thpscope diff before.parquet --all',
  );
}

/** The earlier reading and the later one. */
async function openBoth(
  context: Context,
  { flags, files }: CommandInputs<DiffFlags>,
): Promise<Result<readonly [before: OpenedMemory, after: OpenedMemory]>> {
  const [earlier, later] = files;
  const before = await openSnapshots(context.command, [earlier], undefined);
  if (!before.ok) return before;
  const after = later
    ? await openSnapshots(context.command, [later], undefined)
    : await openProcesses(context, flags);
  if (!after.ok) {
    before.value.close();
    return after;
  }
  return succeed([before.value, after.value]);
}

function isLive({ pid = [], cgroup, all }: DiffFlags): boolean {
  return pid.length > 0 || cgroup !== undefined || all === true;
}

/** Whether any flag names settings: else nothing is predicted. */
function isAsked(flags: DiffFlags): boolean {
  return Object.keys(policyFlags).some((name) => flags[name as keyof PolicyFlags] !== undefined);
}

/** The settings that are asked about; undefined where none are. */
async function policyAsked(
  flags: CommandInputs<DiffFlags>['flags'],
  before: Host,
  after: Host,
): Promise<Result<CommandPolicy | undefined>> {
  if (!isAsked(flags)) return succeed(undefined);
  return await policyFromFlags(flags, before.geometry, { ...before, settings: after.settings });
}
