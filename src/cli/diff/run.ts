import { type ForetoldUnder, memoryDifference } from '../../analysis/memory-difference.ts';
import { RangeTable } from '../../analysis/range-table.ts';
import { readingDifference } from '../../analysis/reading-difference.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Host } from '../../core/rules/memory-source.ts';
import { diffCsv } from '../../render/csv/diff.ts';
import { originCells } from '../../render/csv/origin.ts';
import { diffJson } from '../../render/json/diff.ts';
import { diffText } from '../../render/text/diff.ts';
import { type CommandInputs, commandInputs } from '../shared/command-inputs.ts';
import { type CommandPolicy, policyFromFlags } from '../shared/command-policy.ts';
import { type Context, print, reportFailure, styleFor, warn } from '../shared/context.ts';
import { isDigestFile } from '../shared/is-digest-file.ts';
import { originField, printOrigin } from '../shared/origin.ts';
import { startProgress } from '../shared/progress.ts';
import { readMemory } from '../shared/read-memory.ts';
import { type OpenedMemory, openProcesses, openSnapshots, otherPageSize } from '../shared/source.ts';
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
  const { flags } = inputs;
  if (flags.csv && flags.json) return fail('usage', '--csv and --json are two forms: give one');
  const opened = await openBoth(context, inputs);
  if (!opened.ok) return opened;
  const [before, after] = opened.value;
  const hosts = [before.source.host, after.source.host] as const;
  const { geometry } = hosts[0];
  const asked = await policyAsked(flags, hosts);
  if (!asked.ok) {
    before.close();
    after.close();
    return asked;
  }
  const under: ForetoldUnder | undefined = asked.value && {
    runPolicy: asked.value,
    surroundings: hosts[0],
  };
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
  const elapsedMs = Date.parse(hosts[1].time) - Date.parse(hosts[0].time);
  const difference = readingDifference(second.value.value, ...hosts, elapsedMs);
  const origins = [...first.value.origins, ...second.value.origins];
  if (flags.json) {
    await print(context, `${JSON.stringify({ ...diffJson(difference), ...originField(origins) })}\n`);
    return succeed(undefined);
  }
  if (flags.csv) {
    await print(
      context,
      diffCsv(difference.memory, flags.verbose === true, originCells(origins, '', readVersion())),
    );
    return succeed(undefined);
  }
  for (const each of [first.value.origins, second.value.origins]) await printOrigin(context, each);
  const view = {
    difference,
    asked: asked.value,
    verbose: flags.verbose === true,
    top: flags.top ?? TABLE_ROWS,
  };
  await print(context, diffText(view, styleFor(context, flags.color)));
  for (const note of new Set([...first.value.notes, ...second.value.notes])) warn(context, note);
  return succeed(undefined);
}

/** The earlier reading and the later one: of the same page sizes. */
async function openBoth(
  context: Context,
  { flags, files }: CommandInputs<DiffFlags>,
): Promise<Result<readonly [before: OpenedMemory, after: OpenedMemory]>> {
  const live = (flags.pid?.length ?? 0) > 0 || flags.cgroup !== undefined || flags.all === true;
  const [earlier, later, ...more] = files;
  if (!earlier || more.length > 0 || (later === undefined) !== live)
    return fail(
      'usage',
      'give two snapshots, or one and the processes that run now: thpscope diff before.parquet --all',
    );
  const digest = files.find(isDigestFile);
  if (digest)
    return fail(
      'usage',
      `${digest.name}: is a digest, which has sums only; give snapshots (thpscope capture)`,
    );
  const before = await openSnapshots(context.command, [earlier], undefined);
  if (!before.ok) return before;
  const after = later
    ? await openSnapshots(context.command, [later], undefined)
    : await openProcesses(context, flags);
  if (!after.ok) {
    before.value.close();
    return after;
  }
  const [a, b] = [before.value.source.host.geometry, after.value.source.host.geometry];
  if (a.pmdOrder === b.pmdOrder && a.pageShift === b.pageShift) return succeed([before.value, after.value]);
  before.value.close();
  after.value.close();
  return otherPageSize(context.command, later?.name ?? 'this machine', earlier.name);
}

/** The settings that are asked about; undefined where no flag names any: then nothing is predicted. */
async function policyAsked(
  flags: CommandInputs<DiffFlags>['flags'],
  [before, after]: readonly [Host, Host],
): Promise<Result<CommandPolicy | undefined>> {
  const {
    policy,
    enabled,
    set,
    orders,
    maxPtesNone,
    maxPtesSwap,
    maxPtesShared,
    outcome,
    kernel,
    algorithm,
  } = flags;
  const given = [
    policy,
    enabled,
    set,
    orders,
    maxPtesNone,
    maxPtesSwap,
    maxPtesShared,
    outcome,
    kernel,
    algorithm,
  ];
  if (given.every((flag) => flag === undefined)) return succeed(undefined);
  return await policyFromFlags(flags, before.geometry, { ...before, settings: after.settings });
}
