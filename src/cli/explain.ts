import type { Visit } from '../core/algorithm.ts';
import { fail, type Result, succeed } from '../core/failure.ts';
import { rangeBytes } from '../core/geometry.ts';
import { planRange } from '../core/plan.ts';
import type { CollapsePolicy } from '../core/policy.ts';
import type { MemorySource, Process } from '../core/memory-source.ts';
import type { RangeState } from '../core/range-state.ts';
import { coversRange, INELIGIBLE_REASONS, possibleOrders, type Vma } from '../core/vma.ts';
import type { Question } from '../analysis/verdict.ts';
import { explainJson } from '../render/explain-json.ts';
import { explainText } from '../render/explain-text.ts';
import { SnapshotError } from '../snapshot/damage.ts';
import { type Context, print, reportFailure, styleFor } from './context.ts';
import type { ExplainFlags } from './flags.ts';
import { hugepagePolicy, policyFromFlags } from './policy.ts';
import { checkOneSource, openProcesses, openSnapshots, rangeFromFlags } from './source.ts';

/** `thpscope explain`: one PMD range, every step. */
export async function explain(this: Context, flags: ExplainFlags, ...files: string[]): Promise<void> {
  const source = checkOneSource(flags, files);
  const asked = source.ok ? await chooseRange(flags, files) : source;
  if (!asked.ok) return reportFailure(this, asked.failure);
  const { range, policy, question } = asked.value;
  const visits: Visit[] = [];
  const plan = planRange(range, policy, { ...question, observe: (visit) => visits.push(visit) });
  const explanation = { range, policy, algorithm: question.algorithm.name, plan, visits };
  const style = styleFor(this, flags.color);
  await print(
    this,
    flags.json
      ? `${JSON.stringify(explainJson(explanation))}\n`
      : explainText(explanation, style, flags.verbose === true),
  );
}

interface AskedRange {
  readonly range: RangeState;
  readonly policy: CollapsePolicy;
  readonly question: Question;
}

async function chooseRange(flags: ExplainFlags, files: readonly string[]): Promise<Result<AskedRange>> {
  if (flags.pattern !== undefined) {
    const range = rangeFromFlags({ ...flags, pattern: flags.pattern });
    if (!range.ok) return range;
    const question = await policyFromFlags(flags, range.value.geometry, undefined);
    if (!question.ok) return question;
    const policy = hugepagePolicy(question.value, range.value.geometry);
    return succeed({ range: range.value, policy, question: question.value });
  }
  const address = parseAddress(flags.address);
  if (!address.ok) return address;
  const policyGiven = flags.policy !== undefined && flags.policy !== 'current';
  const opened =
    files.length > 0 ? await openSnapshots(files, policyGiven) : await openProcesses(flags, address.value);
  if (!opened.ok) return opened;
  const { source } = opened.value;
  const question = await policyFromFlags(flags, source.host.geometry, source.host.settings);
  if (!question.ok) return question;
  const found = await findRange(source, address.value);
  if (!found.ok) return found;
  return policyOfFound(found.value, question.value);
}

function parseAddress(text: string | undefined): Result<number> {
  if (text === undefined)
    return fail('usage', 'which range? give --address ADDR; predict --json lists addresses');
  if (!/^(0x)?[0-9a-f]+$/i.test(text))
    return fail('usage', `--address ${text}: write a hexadecimal address such as 0x7f3a5c200000`);
  return succeed(Number.parseInt(text, 16));
}

interface FoundRange {
  readonly process: Process;
  readonly vma: Vma;
  readonly range: RangeState;
}

async function findRange(source: MemorySource, address: number): Promise<Result<FoundRange>> {
  const bytes = rangeBytes(source.host.geometry);
  const hexadecimal = `0x${address.toString(16)}`;
  let process: Process | undefined;
  let vma: Vma | undefined;
  let inside = false;
  try {
    for await (const item of source.items()) {
      if (item.kind === 'process') process = item.process;
      if (item.kind === 'vma') vma = item.vma;
      if (item.kind === 'vma' && item.vma.start <= address && address < item.vma.end) inside = true;
      if (item.kind === 'skipped' && process === undefined) return { ok: false, failure: item.failure };
      if (item.kind !== 'ranges' || !process || !vma || !(vma.start <= address && address < vma.end))
        continue;
      const range = item.ranges.find((each) => each.address <= address && address < each.address + bytes);
      if (range) return succeed({ process, vma, range });
    }
  } catch (error) {
    if (error instanceof SnapshotError) return { ok: false, failure: error.failure };
    throw error;
  }
  if (!inside) return fail('usage', `--address ${hexadecimal}: no VMA holds it; /proc/PID/maps lists them`);
  if (vma && !vma.anonymous)
    return fail('usage', `--address ${hexadecimal}: ${vma.name || 'it'} is not anonymous memory`);
  return fail('usage', `--address ${hexadecimal}: its PMD range holds no page`);
}

function policyOfFound({ process, vma, range }: FoundRange, question: Question): Result<AskedRange> {
  const { settings, model } = question;
  const eligibility = possibleOrders(vma, settings, model, range.geometry, process.thpDisabled);
  if (eligibility.ineligible) {
    const reason = INELIGIBLE_REASONS[eligibility.ineligible];
    return fail(
      'usage',
      `khugepaged does not look at this VMA: ${reason}; try another policy, such as --orders all`,
    );
  }
  if (!coversRange(vma, range.address, range.geometry)) {
    return fail('usage', 'khugepaged does not look at this range: the VMA does not cover the whole of it');
  }
  return succeed({
    range,
    policy: { ...hugepagePolicy(question, range.geometry), orders: eligibility.orders },
    question,
  });
}
