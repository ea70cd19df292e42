import { createHash } from 'node:crypto';
import { DigestCollector } from '../../analysis/digest-collector.ts';
import { findingsOf, type ReadMemory } from '../../analysis/findings.ts';
import { type SourceDigest, totalDigest } from '../../analysis/memory-digest.ts';
import { RangeTable } from '../../analysis/range-table.ts';
import { adviceSpace } from '../../analysis/sweep-space.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import type { Failure, Result } from '../../core/base/failure.ts';
import { succeed } from '../../core/base/failure.ts';
import type { Host, MemoryItem } from '../../core/rules/memory-source.ts';
import { KERNEL_MODELS } from '../../core/rules/kernel-model.ts';
import { defaultSettings } from '../../core/rules/thp-settings.ts';
import { plural } from '../../core/base/plural.ts';
import { reportHtml } from '../../render/report/html.ts';
import { reportStyle } from '../../render/report/style.ts';
import type { ReportSource } from '../../render/report/view.ts';
import { SnapshotError } from '../../snapshot/damage.ts';
import { type Context, print, warn } from '../shared/context.ts';
import type { ReportFlags } from '../shared/flags.ts';
import { interruptible } from '../shared/interrupt.ts';
import { isDigestFile } from '../shared/is-digest-file.ts';
import { policyFromFlags } from '../shared/command-policy.ts';
import { startProgress } from '../shared/progress.ts';
import { shellCommand } from '../../core/base/shell.ts';
import { checkOneSource, checkSnapshots, openProcesses, sameSettings } from '../shared/source.ts';
import { runSweep } from '../shared/sweep-run.ts';
import { VERSION } from '../shared/version.ts';
import { writeOutput } from '../shared/write-output.ts';

/** `thpscope report`: one HTML file with the findings in words and pictures. */
export async function report(this: Context, flags: ReportFlags, ...files: string[]): Promise<void> {
  const said = `interrupted, ${flags.output} was not written`;
  await interruptible(this, (signal) => reportSource(this, flags, files, signal), said);
}

async function reportSource(
  context: Context,
  flags: ReportFlags,
  files: string[],
  signal: AbortSignal,
): Promise<Result<void>> {
  const given = checkOneSource(flags, files);
  if (!given.ok) return given;
  const read = files.some(isDigestFile)
    ? await readDigest(context, flags, files, signal)
    : await readRanges(context, flags, files, signal);
  if (!read.ok) return read;
  const { memory, sources } = read.value;
  const { geometry, settings: known } = memory.digest.host;
  const runPolicy = await policyFromFlags(flags, geometry, known);
  if (!runPolicy.ok) return runPolicy;
  const { settings, inForce } = runPolicy.value;
  const model = KERNEL_MODELS[flags.kernel];
  const space = adviceSpace(
    totalDigest(memory.digest),
    model,
    ['always'],
    known ?? defaultSettings(geometry),
  );
  const values = await runSweep(context, memory.digest, space, { workers: flags.workers, signal });
  const style = reportStyle(geometry);
  const page = reportHtml(
    {
      findings: findingsOf(memory, settings, model, space, values),
      sources,
      inForce,
      version: VERSION,
      command: shellCommand(['thpscope', ...context.process.argv.slice(2)]),
      explain: explainCommand(flags, files, memory),
    },
    style,
    createHash('sha256').update(style).digest('base64'),
  );
  const written = await writeOutput(flags.output, page);
  if (!written.ok) return written;
  await sayWritten(context, flags, memory.digest, written.value);
  return succeed(undefined);
}

interface ReadSources {
  readonly memory: ReadMemory;
  readonly sources: readonly ReportSource[];
}

async function readDigest(
  context: Context,
  flags: ReportFlags,
  files: readonly string[],
  signal: AbortSignal,
): Promise<Result<ReadSources>> {
  const { digestFromFlags } = await import('../shared/digest-source.ts');
  const digest = await digestFromFlags(context, flags, files, signal);
  if (!digest.ok) return digest;
  const { kernelRelease, time } = digest.value.host;
  const sources = files.map((name) => ({
    name,
    host: undefined,
    kernelRelease: files.length === 1 ? kernelRelease : undefined,
    time: files.length === 1 ? time : undefined,
  }));
  return succeed({ memory: { digest: digest.value, table: undefined }, sources });
}

/** Reads memory once, into a table of its ranges and into digests. */
async function readRanges(
  context: Context,
  flags: ReportFlags,
  files: readonly string[],
  signal: AbortSignal,
): Promise<Result<ReadSources>> {
  const opened = files.length > 0 ? await openFiles(flags, files) : await openLive(flags);
  if (!opened.ok) return opened;
  const { hosts, items, rows, count, single } = opened.value;
  const [first] = hosts;
  const settings = hosts.every((each) => sameSettings(each.settings, first.settings))
    ? first.settings
    : undefined;
  const table = new RangeTable(first.geometry, rows);
  const collector = new DigestCollector(first.geometry);
  const skipped: { pid: number; failure: Failure }[] = [];
  const notes = new Set<string>();
  const progress = startProgress(context);
  try {
    for await (const item of items()) {
      signal.throwIfAborted();
      table.add(item);
      collector.add(item);
      if (item.kind === 'skipped') skipped.push(item);
      if (item.kind === 'note') notes.add(item.message);
      progress.show(table.processes.length, count, `processes: ${plural(table.rows, 'range')} read`);
    }
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return { ok: false, failure: error.failure };
  } finally {
    progress.clear();
  }
  const processes = collector.finish();
  if (skipped.length > 0 && (single || processes.length === 0))
    return { ok: false, failure: skipped[0].failure };
  const { name: _name, bootId: _bootId, ...host } = first;
  const digest: SourceDigest = {
    host: { ...host, settings },
    processes,
    skipped: skipped.map(({ pid, failure }) => ({ pid, reason: failure.message })),
    notes: [...notes],
  };
  const sources = hosts.map(({ name, kernelRelease, time }, i) => ({
    name: files.at(i) ?? 'running processes',
    host: name,
    kernelRelease,
    time,
  }));
  return succeed({ memory: { digest, table }, sources });
}

interface OpenedSources {
  readonly hosts: readonly Host[];
  readonly items: () => AsyncIterable<MemoryItem>;
  /** Ranges at most, where that is known. */
  readonly rows: number | undefined;
  /** Processes that are going to be read, where that is known. */
  readonly count: number | undefined;
  readonly single: boolean;
}

async function openFiles({ policy }: ReportFlags, paths: readonly string[]): Promise<Result<OpenedSources>> {
  const policyGiven = policy !== undefined && policy !== 'current';
  const opened = await checkSnapshots(paths, policyGiven ? undefined : 'give --policy');
  if (!opened.ok) return opened;
  return succeed({
    hosts: opened.value.map(({ host }) => host),
    async *items() {
      for (const each of opened.value) yield* each.items();
    },
    rows: opened.value.reduce((sum, { rows }) => sum + rows, 0),
    count: undefined,
    single: false,
  });
}

async function openLive(flags: ReportFlags): Promise<Result<OpenedSources>> {
  const opened = await openProcesses(flags);
  if (!opened.ok) return opened;
  const { source, processes, single } = opened.value;
  return succeed({
    hosts: [source.host],
    items: () => source.items(),
    rows: undefined,
    count: processes,
    single,
  });
}

/** The command that explains a range of a process at an address; of files, explain takes the first VMA that holds it. */
function explainCommand(flags: ReportFlags, files: readonly string[], { table, digest }: ReadMemory) {
  const { policy, orders, maxPtesNone, maxPtesSwap, maxPtesShared, kernel } = flags;
  const asked = [
    ...(policy === undefined ? [] : ['--policy', policy]),
    ...(orders === undefined ? [] : ['--orders', orders]),
    ...(maxPtesNone === undefined ? [] : ['--max-ptes-none', String(maxPtesNone)]),
    ...(maxPtesSwap === undefined ? [] : ['--max-ptes-swap', String(maxPtesSwap)]),
    ...(maxPtesShared === undefined ? [] : ['--max-ptes-shared', String(maxPtesShared)]),
    ...(kernel === 'linux-7.2' ? [] : ['--kernel', kernel]),
  ];
  return (index: number, address: number) => {
    const found = table?.vmas.find(({ vma }) => vma.start <= address && address < vma.end);
    if (files.length > 0 && found?.process !== index) return undefined;
    const source = files.length > 0 ? files : ['-p', String(digest.processes[index].process.pid)];
    return shellCommand([
      'thpscope',
      'explain',
      ...source,
      '--address',
      `0x${address.toString(16)}`,
      ...asked,
    ]);
  };
}

async function sayWritten(
  context: Context,
  { output, json }: ReportFlags,
  { processes, skipped, notes }: SourceDigest,
  bytes: number,
): Promise<void> {
  if (json) {
    const said = { schema: 'thpscope/report@1', file: output, processes: processes.length, bytes, notes };
    return print(context, `${JSON.stringify(said)}\n`);
  }
  for (const note of notes) warn(context, note);
  if (skipped.length > 0)
    warn(context, `${plural(skipped.length, 'process', 'processes')} could not be read`);
  warn(
    context,
    `wrote ${output}: ${plural(processes.length, 'process', 'processes')}, ${formatBytes(bytes)}; open it in any browser`,
  );
}
