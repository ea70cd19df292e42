import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Failure, fail, failWith, type Result, succeed } from '../../../core/base/failure.ts';
import { withoutMark } from '../../../core/base/json.ts';
import { openRegularFile } from '../../../snapshot/regular-file.ts';
import { type Context, print } from '../context.ts';
import { STANDARD_INPUT, takeStandardInput } from './standard-input.ts';

/** Answers that are written at once; small enough to keep a pipe flowing. */
const LINES_PER_WRITE = 64;
/** Far beyond any line that asks something. */
const LONGEST_LINE = 1 << 20;

/**
 * Answers each line of newline-delimited JSON with a line, in order, as they come; `path` may be `-` for
 * standard input. A bad line ends it, after the answers to the lines before it are written.
 */
export async function answerLines(
  context: Context,
  path: string,
  answer: (line: string) => Result<string>,
): Promise<Result<void>> {
  const name = path === '-' ? STANDARD_INPUT : path;
  const input = path === '-' ? takeStandardInput(context) : openLines(path);
  if (!input.ok) return input;
  let answers: string[] = [];
  let number = 0;
  let failure: Failure | undefined;
  for await (const line of linesOf(input.value)) {
    number++;
    if (!line.ok) {
      failure = { kind: 'unreadable', message: `${name}: ${line.failure.message}` };
      break;
    }
    if (line.value.trim() === '') continue;
    const answered = answer(line.value);
    if (!answered.ok) {
      failure = { kind: 'unreadable', message: `${name}, line ${number}: ${answered.failure.message}` };
      break;
    }
    answers.push(answered.value);
    if (answers.length === LINES_PER_WRITE) {
      await print(context, answers.join(''));
      answers = [];
    }
  }
  await print(context, answers.join(''));
  return failure ? failWith(failure) : succeed(undefined);
}

function openLines(path: string): Result<Readable> {
  const file = openRegularFile(path);
  if (file.ok) return succeed(createReadStream('', { fd: file.value.fd }));
  const { kind, message } = file.failure;
  return fail(kind, `${message}, or - and pipe into it`);
}

/** The lines of a text; ends with the failure if it cannot be read or a line has no end. */
async function* linesOf(input: Readable): AsyncIterable<Result<string>> {
  let rest = '';
  let isFirst = true;
  try {
    for await (const chunk of input.setEncoding('utf8')) {
      const lines = (rest + (isFirst ? withoutMark(chunk) : chunk)).split('\n');
      isFirst = false;
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
