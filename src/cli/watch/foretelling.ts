import { memoryDifference } from '../../analysis/difference/memory-difference.ts';
import { readingDifference } from '../../analysis/difference/reading-difference.ts';
import { RangeTable } from '../../analysis/table/range-table.ts';
import { judgeTable } from '../../analysis/table/table-judge.ts';
import type { ForetoldReport } from '../../analysis/watch/report.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { sum } from '../../core/base/sum.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import type { Host, MemoryItem, MemoryOrigin } from '../../core/rules/memory-source.ts';
import type { Context } from '../shared/context.ts';
import { type CommandPolicy, policyFromFlags } from '../shared/flags/command-policy.ts';
import type { WithPolicyFile } from '../shared/input/command-inputs.ts';
import { readMemory } from '../shared/memory/read-memory.ts';
import { openProcesses, sameSettings } from '../shared/memory/source.ts';
import { startProgress } from '../shared/output/progress.ts';
import type { WatchFlags } from './command.ts';

/** Reading again waits for this many times the CPU time that the last reading took: 0.5% of a CPU. */
const REST = 200;
const SHORTEST_REST_MS = 10_000;
/** A reading that takes longer is not begun when somebody waits for the end. */
const QUICK_MS = 1000;

/** Memory as it was at the start, what was predicted of it, and what became of that. */
export class Foretelling {
  readonly origins: readonly MemoryOrigin[];
  readonly notes: readonly string[];
  readonly policy: CommandPolicy;
  readonly host: Host;
  readonly #context: Context;
  readonly #table: RangeTable;
  #last: { readonly report: Omit<ForetoldReport, 'ageMs'>; readonly atMs: number } | undefined;
  #costMs: number;
  #endedMs: number;
  #ptes: number | undefined;

  private constructor(
    context: Context,
    host: Host,
    table: RangeTable,
    policy: CommandPolicy,
    read: { readonly origins: readonly MemoryOrigin[]; readonly notes: readonly string[] },
    costMs: number,
  ) {
    this.#context = context;
    this.host = host;
    this.#table = table;
    this.policy = policy;
    this.origins = read.origins;
    this.notes = read.notes;
    this.#costMs = costMs;
    this.#endedMs = performance.now();
  }

  /** Reads the processes for the first time. Fails where none of them may be read. */
  static async start(
    context: Context,
    flags: WithPolicyFile<WatchFlags>,
    signal: AbortSignal,
  ): Promise<Result<Foretelling>> {
    const opened = await openProcesses(context, flags);
    if (!opened.ok) return opened;
    const { host } = opened.value.source;
    const policy = await policyFromFlags(flags, host.geometry, host);
    if (!policy.ok) {
      opened.value.close();
      return policy;
    }
    const table = new RangeTable(host.geometry);
    const began = context.clock.cpuNs();
    const read = await readMemory(
      opened.value,
      async (items) => {
        for await (const item of items) table.add(item);
        return succeed(undefined);
      },
      { signal, progress: startProgress(context) },
    );
    if (!read.ok) return read;
    const costMs = (context.clock.cpuNs() - began) / 1e6;
    return succeed(new Foretelling(context, host, table, policy.value, read.value, costMs));
  }

  /** PTEs of the ranges that were read and that khugepaged scans under the settings in force. */
  get ptes(): number {
    if (this.#ptes === undefined) {
      const settings = this.host.settings ?? this.policy.settings;
      const { tallies } = judgeTable(this.#table, { ...this.policy, settings });
      this.#ptes = sum(tallies.map(({ scanned }) => scanned)) * pagesPerRange(this.host.geometry);
    }
    return this.#ptes;
  }

  /** Whether the last reading is long enough ago. */
  get isDue(): boolean {
    return performance.now() - this.#endedMs >= Math.max(SHORTEST_REST_MS, REST * this.#costMs);
  }

  get isQuick(): boolean {
    return this.#costMs < QUICK_MS;
  }

  /** What became of the prediction at the last reading; undefined before the second one. */
  report(): ForetoldReport | undefined {
    return this.#last && { ...this.#last.report, ageMs: performance.now() - this.#last.atMs };
  }

  /** Reads the same processes again. What has ended since is no failure. */
  async readAgain(signal?: AbortSignal): Promise<Result<void>> {
    const began = this.#context.clock.cpuNs();
    const pid = this.#table.processes.map((process) => process.pid);
    const opened = await openProcesses(this.#context, { pid });
    if (!opened.ok) return opened;
    const { host } = opened.value.source;
    const under = { runPolicy: this.policy, surroundings: this.host, laterSurroundings: host };
    const compare = async (items: AsyncIterable<MemoryItem>) =>
      succeed(await memoryDifference(this.#table, this.host, items, host, under));
    const read = await readMemory({ ...opened.value, single: false }, compare, { signal });
    const memory = read.ok ? succeed(read.value.value) : await compare(noItems());
    if (!memory.ok) return memory;
    const elapsedMs = Date.parse(host.time) - Date.parse(this.host.time);
    const difference = readingDifference(memory.value, this.host, host, elapsedMs);
    const { settings, model } = this.policy;
    const asked = { settings, inForce: sameSettings(settings, host.settings) };
    this.#costMs = (this.#context.clock.cpuNs() - began) / 1e6;
    this.#endedMs = performance.now();
    this.#last = { report: { difference, asked, model }, atMs: this.#endedMs };
    return succeed(undefined);
  }
}

async function* noItems(): AsyncGenerator<MemoryItem> {}
