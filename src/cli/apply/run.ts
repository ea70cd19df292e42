import { type ChangedSetting, changedSettings, changedShmem } from '../../analysis/sweep/changed-settings.ts';
import { type Failed, fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import type { Host } from '../../core/rules/memory-source.ts';
import type { FiledSettings } from '../../core/rules/settings-file.ts';
import { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { readHost } from '../../linux/machine/host.ts';
import { mayWriteThpSetting, readThpSetting, writeThpSetting } from '../../linux/machine/settings-writer.ts';
import { layOutTable } from '../../render/text/layout/columns.ts';
import { type Context, print, printText, reportFailure, warn } from '../shared/context.ts';
import { EXIT } from '../shared/exit-code.ts';
import { policyFromFlags, settingsFromFlags } from '../shared/flags/command-policy.ts';
import { settingsFlags } from '../shared/flags/policy-flags.ts';
import { processFlags } from '../shared/flags/source-flags.ts';
import { commandInputs } from '../shared/input/command-inputs.ts';
import { type ReadAdvice, readAdvice } from './advice.ts';
import type { ApplyFlags } from './command.ts';
import { paceChanges, splitAssignments } from './pace.ts';
import { type AppliedRecord, readRecord, recordPath, removeRecord, writeRecord } from './record.ts';

const GO_BACK = 'thpscope apply --undo --yes';

/** `thpscope apply`: writes THP settings of this machine, or goes back. */
export async function apply(this: Context, flags: ApplyFlags, word?: string): Promise<void> {
  const done = await applyFromFlags(this, flags, word);
  if (!done.ok) reportFailure(this, done.failure);
}

async function applyFromFlags(
  context: Context,
  flags: ApplyFlags,
  word: string | undefined,
): Promise<Result<void>> {
  const words = checkWords(flags, word);
  if (!words.ok) return words;
  const inputs = await commandInputs(context, flags, word === undefined ? [] : [word]);
  if (!inputs.ok) return inputs;
  const tree = new KernelTree(context.kernelRoot);
  const host = readHost(tree, new Date());
  if (!host.ok) return host;
  const { settings, shmem, shrinkUnderused, geometry, bootId } = host.value;
  if (!settings) return fail('unsupported', 'this kernel has no transparent huge pages to set');
  const [file] = inputs.value.files;
  const read = file && (await readAdvice(file, host.value, tree));
  if (read && !read.ok) return read;
  const advice = read?.value;
  const against = advice ? objections(advice, flags) : [];
  if (flags.yes && against.length > 0) return fail('usage', `${against.join('; ')}; nothing was changed`);
  // What is only shown says so itself.
  const said = [...(flags.collapse ? against : []), ...(advice ? remarks(advice, flags) : [])];
  for (const clause of said) warn(context, clause);
  if (flags.collapse) {
    const policy = await policyFromFlags(inputs.value.flags, geometry, host.value);
    if (!policy.ok) return policy;
    const { collapseProcesses } = await import('./collapse-processes.ts');
    return collapseProcesses(
      context,
      flags,
      advice ? { ...policy.value, settings: advice.settings } : policy.value,
    );
  }
  const record = readRecord(context, bootId);
  if (!record.ok) return record;
  if (flags.undo) return undo(context, flags, tree, record.value);
  const assigned = splitAssignments(flags.set ?? []);
  const pace = paceChanges(assigned.pace, tree);
  if (!pace.ok) return pace;
  const wanted = advice
    ? succeed(advice.settings)
    : await settingsFromFlags(
        { ...inputs.value.flags, set: assigned.others },
        geometry,
        host.value,
        (path) => readThpSetting(tree, path).ok,
      );
  if (!wanted.ok) return wanted;
  const current = { ...settings, shmem, shrinkUnderused };
  const changes = [...changesBetween(current, wanted.value, host.value), ...pace.value];
  const missing = changes.find(({ file }) => !readThpSetting(tree, file).ok);
  if (missing) return fail('unsupported', `${tree.thp(missing.file)}: this kernel has no such file`);
  return write(
    context,
    flags,
    tree,
    { bootId, time: host.value.time, files: [], ...record.value, schema: 'thpscope/applied@1' },
    changes,
    against,
  );
}

/** Whether flags and words go together. */
function checkWords(flags: ApplyFlags, word: string | undefined): Result<void> {
  const isAnyOf = (names: readonly (keyof ApplyFlags)[]) => names.some((name) => flags[name] !== undefined);
  const isNamed = isAnyOf(Object.keys(settingsFlags) as (keyof ApplyFlags)[]);
  const asked = [word !== undefined, isNamed, flags.undo === true].filter(Boolean).length;
  const ways = 'an advice (advise --json), settings such as --set FILE=VALUE, and --undo';
  if (!flags.collapse) {
    if (isAnyOf([...(Object.keys(processFlags) as (keyof ApplyFlags)[]), 'maxGrowth', 'rate']))
      return fail(
        'usage',
        'processes, --max-growth and --rate go with --collapse: settings are those of the machine',
      );
    return asked === 1 ? succeed(undefined) : fail('usage', `give one of ${ways}`);
  }
  if (flags.undo) return fail('usage', '--undo goes back to settings before; what was collapsed stays so');
  if (asked > 1) return fail('usage', 'give an advice (advise --json) or settings, not both');
  const sources = [(flags.pid ?? []).length > 0, flags.cgroup !== undefined, flags.all === true];
  if (sources.filter(Boolean).length === 1) return succeed(undefined);
  return fail('usage', '--collapse needs the processes: one of -p PID, --cgroup PATH and --all');
}

function changesBetween(current: FiledSettings, wanted: FiledSettings, { geometry }: Host): ChangedSetting[] {
  const word = (isOn: boolean | undefined) => (isOn ? '1' : '0');
  const shrinks = wanted.shrinkUnderused ?? current.shrinkUnderused;
  return [
    ...changedSettings(current, wanted, geometry),
    ...changedShmem(current.shmem, wanted.shmem, geometry),
    ...(shrinks === current.shrinkUnderused
      ? []
      : [{ file: 'shrink_underused', before: word(current.shrinkUnderused), after: word(shrinks) }]),
  ];
}

/** What speaks against following an advice here, a clause each: with --yes it is refused. */
function objections({ elsewhere, lacking }: ReadAdvice, { otherMachine }: ApplyFlags): string[] {
  const ofAnother = elsewhere !== undefined && !otherMachine;
  return [...(ofAnother ? [`${elsewhere}; advise here, or say --other-machine`] : []), ...lacking];
}

/** What is to be known of an advice beside that, a clause each. */
function remarks({ elsewhere, unknown }: ReadAdvice, { otherMachine }: ApplyFlags): string[] {
  return [elsewhere !== undefined && otherMachine ? elsewhere : undefined, unknown].filter(
    (clause) => clause !== undefined,
  );
}

/** Writes changes in their order, what was before recorded first; or shows them. */
async function write(
  context: Context,
  flags: ApplyFlags,
  tree: KernelTree,
  record: AppliedRecord,
  changes: readonly ChangedSetting[],
  against: readonly string[],
): Promise<Result<void>> {
  if (changes.length === 0 || !flags.yes) {
    await answer(context, flags, changes, 0, [
      ...against.map((clause) => `${clause}.`),
      changes.length === 0
        ? 'These settings are in force already: nothing to write.'
        : against.length > 0
          ? 'Nothing was written, and --yes is refused as long as that is so.'
          : `Nothing was written. With --yes these are, in this order; ${GO_BACK} goes back.`,
    ]);
    return succeed(undefined);
  }
  const refused = mayNotWrite(tree, changes);
  if (refused) return refused;
  const files = new Map(record.files.map((each) => [each.file, each]));
  for (const { file, before, after } of changes) {
    const known = files.get(file) ?? { file, before, written: [] };
    files.set(file, { ...known, written: [...new Set([...known.written, after])] });
  }
  const kept = await writeRecord(context, { ...record, files: [...files.values()] });
  if (!kept.ok) return failWith({ ...kept.failure, message: `${kept.failure.message}; nothing was written` });
  for (const [at, { file, after }] of changes.entries()) {
    const written = writeThpSetting(tree, file, after);
    if (written.ok) continue;
    const where = `${at} of ${changes.length} files were written`;
    return failWith({
      ...written.failure,
      message: `${written.failure.message}; ${where}; ${GO_BACK} goes back`,
    });
  }
  await answer(context, flags, changes, changes.length, [
    'Written. The settings hold until the machine is started again, for every process.',
    `To go back: ${GO_BACK}`,
  ]);
  return succeed(undefined);
}

/** Puts back what thpscope has changed, the last first; what somebody else has set since stays. */
async function undo(
  context: Context,
  flags: ApplyFlags,
  tree: KernelTree,
  record: AppliedRecord | undefined,
): Promise<Result<void>> {
  if (!record) {
    await answer(context, flags, [], 0, [
      `Nothing was applied since this machine was started (${recordPath(context)}).`,
    ]);
    return succeed(undefined);
  }
  const changes: ChangedSetting[] = [];
  const foreign: string[] = [];
  for (const { file, before, written } of record.files.toReversed()) {
    const now = readThpSetting(tree, file);
    if (!now.ok) return now;
    if (now.value === before) continue;
    if (written.includes(now.value)) changes.push({ file, before: now.value, after: before });
    else
      foreign.push(
        `${file} holds ${now.value}, which thpscope did not write: left as it is (before: ${before})`,
      );
  }
  if (!flags.yes) {
    const nothing =
      changes.length === 0
        ? 'Nothing to put back.'
        : 'Nothing was written. With --yes these are put back, in this order.';
    await answer(context, flags, changes, 0, [...foreign, nothing]);
    return succeed(undefined);
  }
  const refused = mayNotWrite(tree, changes);
  if (refused) return refused;
  for (const [at, { file, after }] of changes.entries()) {
    const written = writeThpSetting(tree, file, after);
    if (written.ok) continue;
    const where = `${at} of ${changes.length} files were put back`;
    return failWith({
      ...written.failure,
      message: `${written.failure.message}; ${where}; ${GO_BACK} tries again`,
    });
  }
  removeRecord(context);
  await answer(context, flags, changes, changes.length, [
    ...foreign,
    foreign.length === 0
      ? 'The settings are as they were before the first apply.'
      : 'All else is as it was before the first apply.',
  ]);
  if (foreign.length > 0) context.process.exitCode = EXIT.difference;
  return succeed(undefined);
}

function mayNotWrite(tree: KernelTree, changes: readonly ChangedSetting[]): Failed | undefined {
  const denied = changes.find(({ file }) => !mayWriteThpSetting(tree, file));
  return (
    denied &&
    fail(
      'permission',
      `${tree.thp(denied.file)}: may not be written by this user; nothing was written; run as root`,
    )
  );
}

async function answer(
  context: Context,
  flags: ApplyFlags,
  changes: readonly ChangedSetting[],
  written: number,
  sentences: readonly string[],
): Promise<void> {
  if (flags.json) {
    const json = {
      schema: 'thpscope/apply@1',
      changes,
      written,
      record: recordPath(context),
      messages: sentences,
    };
    return print(context, `${JSON.stringify(json)}\n`);
  }
  const table = layOutTable(
    ['FILE', 'NOW', 'THEN'].map((title) => ({ title, align: 'left' })),
    changes.map(({ file, before, after }) => [file, before, after]),
  );
  const lines = [...(changes.length > 0 ? [...table, ''] : []), ...sentences];
  await printText(context, `${lines.join('\n')}\n`);
}
