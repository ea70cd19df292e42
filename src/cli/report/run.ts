import { createHash } from 'node:crypto';
import { CacheTable } from '../../analysis/cache/cache-table.ts';
import { DigestCollector } from '../../analysis/digest/digest-collector.ts';
import { type SourceDigest, totalDigest } from '../../analysis/digest/memory-digest.ts';
import { skippedProcess } from '../../analysis/reading/left-out.ts';
import { readOnKernel } from '../../analysis/reading/read-on.ts';
import { findingsOf, type ReadMemory } from '../../analysis/report/findings.ts';
import { adviceSpace } from '../../analysis/sweep/sweep-space.ts';
import { RangeTable } from '../../analysis/table/range-table.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { plural } from '../../core/base/plural.ts';
import { shellCommand } from '../../core/base/shell.ts';
import { commonCpu } from '../../core/rules/cpu.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import { defaultSettings } from '../../core/rules/thp-settings.ts';
import { reachAsked } from '../../core/rules/tlb-reach.ts';
import { reportHtml } from '../../render/report/html.ts';
import { reportStyle } from '../../render/report/style.ts';
import { missingLines } from '../../render/words/left-out.ts';
import { type Context, print, warn } from '../shared/context.ts';
import type { DigestRead } from '../shared/digest/digest-source.ts';
import { runSweep } from '../shared/digest/sweep-run.ts';
import { policyFromFlags } from '../shared/flags/command-policy.ts';
import type { InputFile } from '../shared/input/input-file.ts';
import { isDigestFile } from '../shared/input/is-digest-file.ts';
import { interruptible } from '../shared/interrupt.ts';
import { originField } from '../shared/memory/origin.ts';
import { readMemory } from '../shared/memory/read-memory.ts';
import { memoryFromFlags, sameSettings, sourceInputs } from '../shared/memory/source.ts';
import { startProgress } from '../shared/output/progress.ts';
import { checkOutput, notWritten, outputName, writeOutput } from '../shared/output/write-output.ts';
import { readVersion } from '../shared/version.ts';
import type { ReportFlags } from './command.ts';

/** `thpscope report`: one HTML file with the findings in words and pictures. */
export async function report(this: Context, flags: ReportFlags, ...files: string[]): Promise<void> {
  const said = notWritten(flags.output);
  await interruptible(this, (signal) => reportSource(this, flags, files, signal), said);
}

async function reportSource(
  context: Context,
  asked: ReportFlags,
  words: string[],
  signal: AbortSignal,
): Promise<Result<void>> {
  const output = checkOutput(context, asked, asked.policy === undefined ? words : [...words, asked.policy]);
  if (!output.ok) return output;
  const inputs = await sourceInputs(context, asked, words);
  if (!inputs.ok) return inputs;
  const { flags, files } = inputs.value;
  const read = files.some(isDigestFile)
    ? await readDigest(context, flags, files, signal)
    : await readRanges(context, flags, files, signal);
  if (!read.ok) return read;
  const { memory, cache, origins } = read.value;
  const { geometry, settings: known } = memory.digest.host;
  const runPolicy = await policyFromFlags(flags, geometry, memory.digest.host);
  if (!runPolicy.ok) return runPolicy;
  const { settings, inForce, model } = runPolicy.value;
  const total = totalDigest(memory.digest);
  const space = adviceSpace(total, model, ['always'], known ?? defaultSettings(geometry));
  const values = await runSweep(context, total, space, { workers: flags.workers, signal });
  const style = reportStyle(geometry);
  const page = reportHtml(
    {
      findings: findingsOf(memory, settings, model, space, values),
      cache: cache?.predict(runPolicy.value),
      origins,
      listing: { sort: flags.sort, top: flags.top },
      inForce,
      readOn: readOnKernel(memory.digest.host.kernelRelease, files.length === 0),
      version: readVersion(),
      command: shellCommand(['thpscope', ...context.process.argv.slice(2)]),
      explain: explainCommand(flags, files, memory),
    },
    style,
    createHash('sha256').update(style).digest('base64'),
  );
  const written = await writeOutput(context, flags.output, page, 'umask');
  if (!written.ok) return written;
  await sayWritten(context, flags, { ...memory.digest, origins }, written.value);
  return succeed(undefined);
}

interface ReadSources {
  readonly memory: ReadMemory;
  /** Undefined for digests. */
  readonly cache: CacheTable | undefined;
  readonly origins: readonly MemoryOrigin[];
}

async function readDigest(
  context: Context,
  flags: ReportFlags,
  files: readonly InputFile[],
  signal: AbortSignal,
): Promise<Result<ReadSources>> {
  const { digestFromFlags } = await import('../shared/digest/digest-source.ts');
  const digest = await digestFromFlags(context, flags, files, { signal });
  if (!digest.ok) return digest;
  const { origins } = digest.value;
  return succeed({ memory: { digest: digest.value, table: undefined }, cache: undefined, origins });
}

/** Reads memory once, into a table of its ranges and into digests. */
async function readRanges(
  context: Context,
  flags: ReportFlags,
  files: readonly InputFile[],
  signal: AbortSignal,
): Promise<Result<ReadSources>> {
  const opened = await memoryFromFlags(context, flags, files);
  if (!opened.ok) return opened;
  const { hosts, rows } = opened.value;
  const [first] = hosts;
  const settings = hosts.every((each) => sameSettings(each.settings, first.settings))
    ? first.settings
    : undefined;
  const table = new RangeTable(first.geometry, rows);
  const asked = reachAsked(flags.tlb, commonCpu(hosts.map(({ cpu }) => cpu)), first.geometry);
  if (!asked.ok) return asked;
  const reach = asked.value;
  const collector = new DigestCollector(first.geometry, reach.pages);
  const cache = new CacheTable(first.geometry);
  const read = await readMemory(
    opened.value,
    async (items) => {
      for await (const item of items) {
        table.add(item);
        collector.add(item);
        cache.add(item);
      }
      return succeed(collector.finish());
    },
    { signal, progress: startProgress(context) },
  );
  if (!read.ok) return read;
  const { value: processes, skipped, notes, origins } = read.value;
  const { host } = opened.value.source;
  const digest: SourceDigest = {
    host: { ...host, settings },
    reach,
    processes,
    skipped: skipped.map(skippedProcess),
    notes,
  };
  return succeed({ memory: { digest, table }, cache, origins });
}

/**
 * The command that explains a range of a process at an address; of files, explain takes the first VMA that
 * holds it.
 */
function explainCommand(flags: ReportFlags, files: readonly InputFile[], { table, digest }: ReadMemory) {
  const { policy, enabled, set = [], orders, maxPtesNone, maxPtesSwap, maxPtesShared, kernel } = flags;
  const asked = [
    ...(policy === undefined ? [] : ['--policy', policy]),
    ...(enabled === undefined ? [] : ['--enabled', enabled]),
    ...set.flatMap((assignment) => ['--set', assignment]),
    ...(orders === undefined ? [] : ['--orders', orders]),
    ...(maxPtesNone === undefined ? [] : ['--max-ptes-none', String(maxPtesNone)]),
    ...(maxPtesSwap === undefined ? [] : ['--max-ptes-swap', String(maxPtesSwap)]),
    ...(maxPtesShared === undefined ? [] : ['--max-ptes-shared', String(maxPtesShared)]),
    ...(kernel === undefined ? [] : ['--kernel', kernel]),
  ];
  // What came through a pipe is nowhere to be read again.
  const isPiped = files.some(({ path, name }) => path !== name) || policy === '-';
  return (index: number, address: number) => {
    if (isPiped) return undefined;
    const found = table?.vmas.find(({ vma }) => vma.start <= address && address < vma.end);
    if (files.length > 0 && found?.process !== index) return undefined;
    const source =
      files.length > 0 ? files.map(({ path }) => path) : ['-p', String(digest.processes[index].process.pid)];
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
  { processes, skipped, notes, origins }: DigestRead,
  bytes: number,
): Promise<void> {
  if (json) {
    const counts = { processes: processes.length, bytes, notes };
    const said = { schema: 'thpscope/report@1', file: output, ...counts, ...originField(origins) };
    return print(context, `${JSON.stringify(said)}\n`);
  }
  for (const note of notes) warn(context, note);
  for (const line of missingLines(skipped)) warn(context, line);
  warn(
    context,
    `wrote ${outputName(output)}: ${plural(processes.length, 'process', 'processes')}, ${formatBytes(bytes)}; open it in any browser`,
  );
}
