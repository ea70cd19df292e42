import { expose, transfer, wrap } from 'comlink';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { checkDigestModel, DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import { machinePages, type SourceDigest, totalDigest } from '../../src/analysis/digest/memory-digest.ts';
import { digestEntries, policyWorthOf } from '../../src/analysis/digest/policy-worth.ts';
import { judgeRange } from '../../src/analysis/ranges/verdict.ts';
import { skippedProcess } from '../../src/analysis/reading/left-out.ts';
import { RangeTable } from '../../src/analysis/table/range-table.ts';
import { failWith, type Result, succeed } from '../../src/core/base/failure.ts';
import { restartedState } from '../../src/core/fault/restart.ts';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import { writePteCodes } from '../../src/core/memory/pte-code.ts';
import { applyPlan } from '../../src/core/plan/apply-plan.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { tlbReachOf } from '../../src/core/rules/tlb-reach.ts';
import { possibleOrders, restartOrders, spanFrom } from '../../src/core/rules/vma.ts';
import { SnapshotError } from '../../src/snapshot/damage.ts';
import { openSnapshot } from '../../src/snapshot/reader.ts';
import { markFilled } from '../map/picture/pte-code.ts';
import { type PolicyChoice, settingsOf } from '../policy/choice.ts';
import { runPolicyOf } from '../policy/run-policy.ts';
import { type BlockSweeper, LocalBlocks } from '../tradeoff/sweep-blocks.ts';
import { Sweeper, type SweptMemory } from '../tradeoff/sweeper.ts';
import { fileOf } from './file.ts';
import { Judging } from './judging.ts';
import type {
  Judgement,
  MemoryWorker,
  Opening,
  RangeDetail,
  ReadingProgress,
  Tiles,
  Totals,
} from './memory-worker-protocol.ts';

/** Between two reports of progress. */
const REPORT_MS = 200;
/**
 * How long rows are judged before they are shown, and other questions answered: twice as long each time, for
 * showing takes time too, up to the second.
 */
const [FIRST_JUDGE_MS, MOST_JUDGE_MS] = [100, 400];

let table: RangeTable | undefined;
/** What answers for all of it, once all is read. */
let digested: SweptMemory | undefined;
/** Where more workers come from, and those that came. */
let helpersFrom: () => Promise<readonly MessagePort[]> = async () => [];
let helpers: Promise<readonly BlockSweeper[]> | undefined;
const sweeper = new Sweeper(() => (helpers ??= helpersFrom().then((ports) => ports.map(helperAt))));
/** What this worker sweeps as a helper of another. */
const blocks = new LocalBlocks();
/** Of the policy last asked about. */
let judging: Judging | undefined;
let judgeMs = FIRST_JUDGE_MS;
/** Counts openings: an older one stops when it is not the last any more. */
let opened = 0;

const worker: MemoryWorker = {
  async open(source, name, newer, onOpening, onProgress): Promise<Result<void>> {
    const turn = ++opened;
    const file = await fileOf(source);
    if (!file.ok) return file;
    const snapshot = await openSnapshot(file.value, name);
    if (!snapshot.ok) return snapshot;
    const { host, notices, rows, files } = snapshot.value;
    const opening = openingOf(host, notices, rows, files);
    onOpening(opening);

    const reach = tlbReachOf(host.cpu, host.geometry);
    const reading = new RangeTable(host.geometry, rows);
    const digests = new DigestCollector(host.geometry, reach.pages);
    const report = reporter(reading, async (progress) => {
      if (turn !== opened) return;
      // Until the first rows are there, what was open before is still looked at; until all are, if it is the
      // same source.
      if (!newer && table !== reading) digested = undefined;
      if (!newer) table = reading;
      await onProgress(progress);
    });
    try {
      for await (const item of snapshot.value.items()) {
        if (turn !== opened) return succeed(undefined);
        reading.add(item);
        digests.add(item);
        void report(false);
      }
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      if (reading.rows > 0) await report(true);
      return failWith(error.failure);
    }
    const { skipped, notes } = opening;
    const digest: SourceDigest = { host, reach, processes: digests.finish(), skipped, notes };
    await report(true);
    if (turn !== opened) return succeed(undefined);
    table = reading;
    digested = { source: digest, query: new DigestQuery(totalDigest(digest)) };
    return succeed(undefined);
  },

  async judge(choice, isAll): Promise<Judgement> {
    const held = heldTable();
    if (!judging?.isOf(held, choice)) {
      judging = new Judging(held, choice);
      judgeMs = FIRST_JUDGE_MS;
    }
    const end = performance.now() + judgeMs;
    judgeMs = Math.min(2 * judgeMs, MOST_JUDGE_MS);
    const judged = judging.go(() => performance.now() < end, isAll);
    return transfer(judged, [
      judged.mainOrders.buffer,
      judged.refusals.buffer,
      judged.growthPages.buffer,
      judged.restartOrders.buffer,
      judged.restartGrowthPages.buffer,
    ]);
  },

  async totals(choice): Promise<Totals | undefined> {
    const model = KERNEL_MODELS[choice.model];
    if (!digested || !checkDigestModel(model).ok) return undefined;
    const { query } = digested;
    const { residentPages, hugePages } = query.memory;
    const worth = policyWorthOf(query, settingsOf(choice), model);
    const entries = digestEntries(query.memory, worth);
    return {
      counts: worth.counts,
      residentPages,
      hugePages,
      restart: worth.restart?.counts,
      machinePages: machinePages(query.memory),
      machineRestart: worth.restart?.machineCounts,
      entries,
    };
  },

  async sweep(question, onProgress) {
    const sweep = digested && (await sweeper.sweep(digested, question, nextTask, onProgress));
    return (
      sweep &&
      transfer(
        sweep,
        Object.values(sweep.points).map(({ buffer }) => buffer as ArrayBuffer),
      )
    );
  },

  async advise(budget) {
    return sweeper.advise(budget);
  },

  async detail(row, choice): Promise<RangeDetail | undefined> {
    const held = heldTable();
    return row < held.rows ? detailOf(held, row, choice) : undefined;
  },

  async tiles(rows, choice): Promise<Tiles> {
    const held = heldTable();
    const pages = pagesPerRange(held.geometry);
    const before = new Uint8Array(rows.length * pages);
    const after = new Uint8Array(rows.length * pages);
    const restarted = new Uint8Array(rows.length * pages);
    for (const [i, row] of rows.entries()) {
      if (row >= held.rows) continue;
      const detail = detailOf(held, row, choice);
      const codes = before.subarray(i * pages, (i + 1) * pages);
      const then = after.subarray(i * pages, (i + 1) * pages);
      writePteCodes(detail.range, codes);
      writePteCodes(detail.after, then);
      markFilled(codes, then);
      const again = restarted.subarray(i * pages, (i + 1) * pages);
      writePteCodes(detail.restarted, again);
      markFilled(codes, again);
    }
    return transfer({ before, after, restarted }, [before.buffer, after.buffer, restarted.buffer]);
  },

  async askHelpers(of) {
    helpersFrom = of;
  },

  beginBlocks: (...of) => blocks.begin(...of),

  async sweepBlocks(first, end) {
    const metrics = await blocks.sweep(first, end);
    return transfer(metrics, [metrics.buffer]);
  },
};

expose(worker);

function heldTable(): RangeTable {
  if (!table) throw new Error('no memory is open');
  return table;
}

function helperAt(port: MessagePort): BlockSweeper {
  const helper = wrap<MemoryWorker>(port);
  return { begin: (...of) => helper.beginBlocks(...of), sweep: (...of) => helper.sweepBlocks(...of) };
}

/** Lets other questions be answered in between. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve));
}

function openingOf(
  host: Opening['host'],
  notices: readonly Extract<MemoryItem, { kind: 'note' | 'skipped' }>[],
  mostRows: number,
  files: number,
): Opening {
  return {
    host,
    mostRows,
    files,
    notes: notices.flatMap((each) => (each.kind === 'note' ? [each.message] : [])),
    skipped: notices.flatMap((each) => (each.kind === 'skipped' ? skippedProcess(each) : [])),
  };
}

/**
 * Reports the rows since the last report, at most some times a second. Its promise resolves when the page has
 * heard: it could hear of the end before that of the last rows, which come another way.
 */
function reporter(
  from: RangeTable,
  onProgress: (progress: ReadingProgress) => Promise<void>,
): (now: boolean) => Promise<void> {
  let first = 0;
  let firstProcess = 0;
  let firstVma = 0;
  // The first rows are shown at once.
  let last = -Infinity;
  return async (now) => {
    const time = performance.now();
    if (!now && (from.rows === first || time - last < REPORT_MS)) return;
    last = time;
    const { rows } = from;
    const heard = onProgress({
      first,
      addresses: from.addresses.slice(first, rows),
      vmaOf: from.vmaOf.slice(first, rows),
      residentPages: from.residentPages.slice(first, rows),
      mainOrders: from.mainOrders.slice(first, rows),
      processes: from.processes.slice(firstProcess),
      firstVma,
      vmas: from.vmas.slice(firstVma).map(({ vma, process, first, end }) => ({ vma, process, first, end })),
    });
    first = rows;
    firstProcess = from.processes.length;
    firstVma = Math.max(0, from.vmas.length - 1);
    await heard;
  };
}

function detailOf(from: RangeTable, row: number, choice: PolicyChoice): RangeDetail {
  const { vma, process } = from.vmas[from.vmaOf[row]];
  const runPolicy = runPolicyOf(choice);
  const { thpDisabled } = from.processes[process];
  const { settings, model } = runPolicy;
  const orders = possibleOrders(vma, settings, model, from.geometry, thpDisabled);
  const ofFaults = restartOrders(vma, settings, model, from.geometry, thpDisabled);
  const view = from.range(row);
  // A view would take the whole column along when it crosses to the page.
  const range = { ...view, facts: { ...view.facts, present: view.facts.present.slice() } };
  const { ignored, plan } = judgeRange(range, vma, orders, runPolicy);
  const known = { ...range, folioOrders: range.folioOrders ?? new Uint8Array(pagesPerRange(from.geometry)) };
  return {
    row,
    range,
    ignored,
    plan,
    after: plan ? applyPlan(known, plan) : known,
    restarted: restartedState(range, spanFrom(vma, range.address, from.geometry), ofFaults),
  };
}
