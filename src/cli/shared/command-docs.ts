import { EXIT_MEANINGS } from './exit-code.ts';

const EXIT_CODES = `Exit codes: ${EXIT_MEANINGS.map((each) => each.join(' ')).join('; ')}.`;

/** What --help says of a command below its usage: what it does, how it is called, and its exit codes. */
export function describeCommand(about: readonly string[], examples: readonly string[]): string {
  const heading = examples.length === 1 ? 'Example:' : 'Examples:';
  return [...about, '', heading, ...examples.map((line) => `  ${line}`), '', EXIT_CODES].join('\n');
}
