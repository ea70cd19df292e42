import { type Prediction, predictMemory } from '../../analysis/prediction/prediction.ts';
import { itemsOfVmaAt, type RangeOutcome, rangeOutcome } from '../../analysis/prediction/range-outcome.ts';
import type { Verdict } from '../../analysis/ranges/verdict.ts';
import { readOnKernel } from '../../analysis/reading/read-on.ts';
import { type Failed, fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import type { MemoryOrigin, Process } from '../../core/rules/memory-source.ts';
import { hugepagePolicy } from '../../core/rules/thp-settings.ts';
import { reachAsked } from '../../core/rules/tlb-reach.ts';
import { predictHead, predictTail, rangeJson } from '../../render/json/predict.ts';
import { predictText } from '../../render/text/predict/predict.ts';
import { type Context, print, printText, styleFor, warn } from '../shared/context.ts';
import { parseAddress } from '../shared/flags/asked-address.ts';
import { policyFromFlags } from '../shared/flags/command-policy.ts';
import type { CommandInputs } from '../shared/input/command-inputs.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import { readMemory } from '../shared/memory/read-memory.ts';
import { memoryFromFlags } from '../shared/memory/source.ts';
import { startProgress } from '../shared/output/progress.ts';
import type { PredictFlags } from './command.ts';

/** `predict` over processes or snapshots. */
export async function predictProcesses(
  context: Context,
  { flags, files }: CommandInputs<PredictFlags>,
): Promise<Result<void>> {
  const asked = flags.vma === undefined ? undefined : parseAddress('--vma', flags.vma);
  if (asked && !asked.ok) return asked;
  const opened = await memoryFromFlags(context, flags, files);
  if (!opened.ok) return opened;
  const { host } = opened.value.source;
  const { geometry, settings: current } = host;
  const runPolicy = await policyFromFlags(flags, geometry, host);
  if (!runPolicy.ok) return runPolicy;
  const reach = reachAsked(flags.tlb, host.cpu, geometry);
  if (!reach.ok) return reach;

  if (!current && flags.policy === undefined) {
    warn(
      context,
      "the memory comes from a kernel without THP settings; predicted with the kernel's defaults",
    );
  }
  const { algorithm } = runPolicy.value;
  const policy = { ...hugepagePolicy(runPolicy.value, geometry), algorithm };
  const ranges = asked && new Map<Process, RangeOutcome[]>();
  const document = flags.json
    ? new JsonDocument(context, predictHead(policy), flags.totals !== true)
    : undefined;
  const progress = startProgress(context);
  const read = await readMemory(
    opened.value,
    async (items, read) => {
      const within = asked ? itemsOfVmaAt(items, asked.value.start) : items;
      const prediction = await predictMemory(within, geometry, runPolicy.value, {
        surroundings: { ...host, shrinkUnderused: runPolicy.value.shrinkUnderused },
        onVerdict:
          document?.hasRanges || ranges
            ? (process, verdict, vma) => {
                document?.add(process, verdict, policy.orders);
                if (ranges) addTo(ranges, process, rangeOutcome(verdict, vma));
              }
            : undefined,
        onBatch: () => (document?.hasRanges ? document.flush() : undefined),
      });
      progress.clear();
      if (ranges?.size === 0) return noRanges(flags.vma ?? '', prediction);
      const shown = ranges ? ofProcesses(prediction, ranges) : prediction;
      await document?.finish({
        ...predictTail(shown, policy, reach.value, ranges),
        ...originField(read.origins),
      });
      return succeed(shown);
    },
    { progress },
  );
  if (!read.ok) {
    await document?.breakOff(read.failure.message, opened.value.origins);
    return read;
  }
  if (!document) {
    const { value: prediction, notes, origins } = read.value;
    const view = {
      prediction,
      ...runPolicy.value,
      policy,
      reach: reach.value,
      readOn: readOnKernel(host.kernelRelease, files.length === 0),
      verbose: flags.verbose === true,
      restart: flags.restart === true,
      ranges,
      listing: { sort: flags.sort, top: flags.top },
      costs: origins[0]?.costs,
    };
    await printOrigin(context, origins);
    await printText(context, predictText(view, styleFor(context, flags.color)));
    for (const note of notes) warn(context, note);
  }
  return succeed(undefined);
}

function addTo(ranges: Map<Process, RangeOutcome[]>, process: Process, outcome: RangeOutcome): void {
  const known = ranges.get(process);
  if (known) known.push(outcome);
  else ranges.set(process, [outcome]);
}

/** The prediction without the processes in which nothing was asked about. */
function ofProcesses(prediction: Prediction, ranges: ReadonlyMap<Process, unknown>): Prediction {
  return { ...prediction, processes: prediction.processes.filter(({ process }) => ranges.has(process)) };
}

function noRanges(address: string, { skipped }: Prediction): Failed {
  if (skipped.length > 0) return failWith(skipped[0].failure);
  return fail(
    'usage',
    `--vma ${address}: no VMA with a page of anonymous memory holds it; predict -v lists them`,
  );
}

/** A JSON object whose `ranges`, if it has any, are written as they come: it need not fit in memory. */
class JsonDocument {
  readonly hasRanges: boolean;
  readonly #context: Context;
  #pending: string;
  #separator = '';
  #finished = false;

  constructor(context: Context, head: object, hasRanges: boolean) {
    this.hasRanges = hasRanges;
    this.#context = context;
    this.#pending = JSON.stringify(head).slice(0, -1) + (hasRanges ? ',"ranges":[' : '');
  }

  add(process: Process, { range, plan, policy }: Verdict, allOrders: Parameters<typeof rangeJson>[3]): void {
    if (!plan || !this.hasRanges) return;
    this.#pending += `${this.#separator}\n${JSON.stringify({ pid: process.pid, ...rangeJson(range, plan, policy, allOrders) })}`;
    this.#separator = ',';
  }

  async flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    if (text) await print(this.#context, text);
  }

  async finish(tail: object): Promise<void> {
    this.#finished = true;
    this.#pending += `${this.hasRanges ? ']' : ''},${JSON.stringify(tail).slice(1)}\n`;
    await this.flush();
  }

  /** Ends the document by saying why it is not whole, unless it is. */
  async breakOff(incomplete: string, origins: readonly MemoryOrigin[]): Promise<void> {
    if (!this.#finished) await this.finish({ incomplete, ...originField(origins) });
  }
}
