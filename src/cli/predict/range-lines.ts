import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Failure, fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { planRange } from '../../core/plan/plan.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import { unknownFacts } from '../../core/memory/range-state.ts';
import { planJson } from '../../render/json/predict.ts';
import type { RunPolicy } from '../../analysis/verdict.ts';
import { type Context, print } from '../shared/context.ts';
import type { PredictFlags } from './command.ts';
import { hugepagePolicy } from '../../core/rules/thp-settings.ts';
import { policyFromFlags } from '../shared/command-policy.ts';
import { policyOfLine, rangeOfLine } from '../shared/range-line.ts';
import { parseRangeLine } from '../shared/range-line-json.ts';
import { geometryFromFlags } from '../shared/source.ts';

/** Answers that are written at once; small enough to keep a pipe flowing. */
const LINES_PER_WRITE = 64;
/** Far beyond any range that can be described. */
const LONGEST_LINE = 1 << 20;

/**
 * `predict --ranges`: one JSON answer for each JSON line, in order. A bad line ends it, after the answers to the lines
 * before it are written.
 */
export async function predictRangeLines(
  context: Context,
  flags: PredictFlags & { readonly ranges: string },
): Promise<Result<void>> {
  const geometry = geometryFromFlags(flags);
  if (!geometry.ok) return geometry;
  const runPolicy = await policyFromFlags(flags, geometry.value, undefined);
  if (!runPolicy.ok) return runPolicy;
  const policy = hugepagePolicy(runPolicy.value, geometry.value);

  const name = flags.ranges === '-' ? 'standard input' : flags.ranges;
  let answers: string[] = [];
  let number = 0;
  let failure: Failure | undefined;
  for await (const line of linesOf(
    flags.ranges === '-' ? context.process.stdin : createReadStream(flags.ranges),
  )) {
    number++;
    if (!line.ok) {
      failure = { kind: 'unreadable', message: `${name}: ${line.failure.message}` };
      break;
    }
    if (line.value.trim() === '') continue;
    const answer = answerLine(line.value, geometry.value, runPolicy.value, policy);
    if (!answer.ok) {
      failure = { kind: 'unreadable', message: `${name}, line ${number}: ${answer.failure.message}` };
      break;
    }
    answers.push(answer.value);
    if (answers.length === LINES_PER_WRITE) {
      await print(context, answers.join(''));
      answers = [];
    }
  }
  await print(context, answers.join(''));
  return failure ? failWith(failure) : succeed(undefined);
}

/** The lines of a text; ends with the failure if it cannot be read or a line has no end. */
async function* linesOf(input: Readable): AsyncIterable<Result<string>> {
  let rest = '';
  try {
    for await (const chunk of input.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield succeed(line);
      if (rest.length > LONGEST_LINE)
        return yield fail('unreadable', `a line of more than ${LONGEST_LINE} characters`);
    }
    if (rest !== '') yield succeed(rest);
  } catch (error) {
    // Only reading can throw here: what the caller does with a line does not come back into this generator.
    yield fail('unreadable', `cannot be read: ${(error as Error).message}`);
  }
}

function answerLine(
  line: string,
  geometry: Geometry,
  { algorithm, outcomes }: RunPolicy,
  flags: CollapsePolicy,
): Result<string> {
  const parsed = parseRangeLine(line);
  if (!parsed.ok) return parsed;
  const range = rangeOfLine(parsed.value, geometry);
  if (!range.ok) return range;
  const policy = policyOfLine(parsed.value, flags, geometry);
  if (!policy.ok) return policy;
  const plan = planRange(range.value, policy.value, { algorithm, outcomes });
  const assumed = unknownFacts(range.value);
  return succeed(
    `${JSON.stringify({
      ...(parsed.value.id === undefined ? {} : { id: parsed.value.id }),
      ...planJson(plan, policy.value),
      ...(assumed.length > 0 ? { assumed } : {}),
    })}\n`,
  );
}
