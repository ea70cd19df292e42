import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { FleetRow } from './engine.ts';

/** What ClickHouse writes in FORMAT JSONCompact, as far as it is read. */
interface Answer {
  readonly meta: readonly { readonly name: string; readonly type: string }[];
  readonly data: readonly (readonly unknown[])[];
  readonly rows: number;
  /** New servers end an answer by it when a query fails after the first rows: the JSON stays whole. */
  readonly exception?: string;
}

/**
 * The rows of an answer in FORMAT JSONCompact with 64-bit integers in quotes: all of them, or a failure. A
 * query that fails after its first rows has been answered with 200; old servers then write the error into the
 * JSON, which breaks it.
 */
export function readClickHouseAnswer(text: string): Result<readonly FleetRow[]> {
  const answer = parse(text);
  if (answer === undefined) {
    const error = clickHouseError(text);
    return fail(
      'unreadable',
      error ? `the query failed in its middle: ${error}` : 'the answer broke off or is not of ClickHouse',
    );
  }
  const { meta, data, rows, exception } = answer;
  if (exception !== undefined)
    return fail(
      'unreadable',
      `the query failed in its middle: ${clickHouseError(exception) ?? 'no reason given'}`,
    );
  if (data.length !== rows) return fail('unreadable', `the answer has ${data.length} of ${rows} rows`);
  const read: FleetRow[] = [];
  for (const values of data) {
    const row: Record<string, string | number | null> = {};
    for (const [i, { name, type }] of meta.entries()) {
      const value = valueOf(values[i], type);
      if (value === undefined)
        return fail(
          'unsupported',
          `column ${name} has ${JSON.stringify(values[i])}, a ${type}: no text and no number below 2^53`,
        );
      row[name] = value;
    }
    read.push(row);
  }
  return succeed(read);
}

const ERROR = /Code: (\d+)[.,](?: e\.displayText\(\) =)? DB::\w*Exception: (.+)/;
const AFTER_ERROR = /(, e\.what\(\) = |\. \(version |: while |\. Stack trace:).*$/;

/** The code and the text of an error, without the trace and the version that follow it. */
export function clickHouseError(text: string): string | undefined {
  const [, code, message] = ERROR.exec(text) ?? [];
  return code === undefined ? undefined : `${message.replace(AFTER_ERROR, '').slice(0, 300)} (code ${code})`;
}

/** A value as FleetRow has it; undefined where it cannot be had. */
function valueOf(value: unknown, declared: string): string | number | null | undefined {
  const [, nullable, type] = /^(?:LowCardinality\()?(Nullable\()?([A-Za-z0-9]+)/.exec(declared) ?? [];
  if (value === null) return nullable ? null : undefined;
  if (/^U?Int\d+$|^Bool$/.test(type)) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : undefined;
  }
  if (/^(Float|Decimal)/.test(type)) {
    const number = Number(value);
    return Number.isFinite(number) ? number : undefined;
  }
  return /^(String|FixedString|Date|Enum|UUID)/.test(type) && typeof value === 'string' ? value : undefined;
}

function parse(text: string): Answer | undefined {
  try {
    const { meta, data, rows, exception } = JSON.parse(text);
    const isWhole = Array.isArray(meta) && Array.isArray(data) && typeof rows === 'number';
    return isWhole || exception !== undefined ? { meta, data, rows, exception } : undefined;
  } catch {
    return undefined;
  }
}
