import { formatSize } from '../../core/memory/format-size.ts';
import { predictMemory, type Prediction } from '../../analysis/prediction.ts';
import type { Verdict } from '../../analysis/verdict.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { predictHead, predictTail, rangeJson } from '../../render/json/predict.ts';
import { predictText } from '../../render/text/predict.ts';
import { SnapshotError } from '../../snapshot/damage.ts';
import { type Context, print, styleFor, warn } from '../shared/context.ts';
import type { PredictFlags } from '../shared/flags.ts';
import { hugepagePolicy } from '../../core/rules/thp-settings.ts';
import { policyFromFlags } from '../shared/command-policy.ts';
import { startProgress } from '../shared/progress.ts';
import { openProcesses, openSnapshots } from '../shared/source.ts';

/** `predict` over processes or snapshots. */
export async function predictProcesses(
  context: Context,
  flags: PredictFlags,
  files: string[],
): Promise<Result<void>> {
  const opened = files.length > 0 ? await openSnapshots(files, flags.policy) : await openProcesses(flags);
  if (!opened.ok) return opened;
  const { source, single } = opened.value;
  const { geometry, settings: current } = source.host;
  const runPolicy = await policyFromFlags(flags, geometry, current);
  if (!runPolicy.ok) return runPolicy;

  if (!current && flags.policy === undefined) {
    warn(
      context,
      'the memory comes from a kernel without THP settings; predicted with the defaults of Linux 7.2',
    );
  }
  const policy = hugepagePolicy(runPolicy.value, geometry);
  const document = flags.json ? new JsonDocument(context, predictHead(policy)) : undefined;
  const progress = startProgress(context);
  let begun = 0;
  let pages = 0;
  let command = '';
  const showProgress = () => {
    const bytes = formatSize(pages, geometry);
    progress.show(begun, opened.value.processes, `processes: ${bytes} read, now ${command}`);
  };
  let prediction: Prediction;
  try {
    prediction = await predictMemory(source.items(), geometry, runPolicy.value, {
      onProcess: (process) => {
        begun++;
        command = process.command;
      },
      onVerdict: (process, verdict) => {
        pages += pagesPerRange(geometry);
        document?.add(process, verdict, policy.orders);
      },
      onBatch: () => {
        showProgress();
        return document?.flush();
      },
    });
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    await document?.finish({ incomplete: error.failure.message });
    return { ok: false, failure: error.failure };
  } finally {
    progress.clear();
  }

  const { skipped, processes } = prediction;
  if (skipped.length > 0 && (single || processes.length === 0)) {
    await document?.finish(predictTail(prediction, policy));
    return { ok: false, failure: skipped[0].failure };
  }
  if (document) {
    await document.finish(predictTail(prediction, policy));
  } else {
    const view = {
      prediction,
      ...runPolicy.value,
      policy,
      settingsInForce: runPolicy.value.inForce,
      kernelRelease: source.host.kernelRelease.replace(/-.*/, ''),
      verbose: flags.verbose === true,
    };
    await print(context, predictText(view, styleFor(context, flags.color)));
    for (const note of prediction.notes) warn(context, note);
  }
  return succeed(undefined);
}

/** A JSON object whose `ranges` are written as they come, so that it need not fit in memory. */
class JsonDocument {
  readonly #context: Context;
  #pending: string;
  #separator = '';

  constructor(context: Context, head: object) {
    this.#context = context;
    this.#pending = `${JSON.stringify(head).slice(0, -1)},"ranges":[`;
  }

  add(process: Process, { range, plan, policy }: Verdict, allOrders: Parameters<typeof rangeJson>[3]): void {
    if (!plan) return;
    this.#pending += `${this.#separator}\n${JSON.stringify({ pid: process.pid, ...rangeJson(range, plan, policy, allOrders) })}`;
    this.#separator = ',';
  }

  async flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    if (text) await print(this.#context, text);
  }

  async finish(tail: object): Promise<void> {
    this.#pending += `],${JSON.stringify(tail).slice(1)}\n`;
    await this.flush();
  }
}
