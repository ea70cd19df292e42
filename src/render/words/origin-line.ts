import { plural } from '../../core/base/plural.ts';
import { REDACTED } from '../../core/base/redacted.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import { leftOutWords } from './left-out.ts';
import { printable } from './printable.ts';

/** Names that a line has room for. */
const MOST_NAMES = 3;

/**
 * Whose memory an answer is about, when it was read, from what, and which thpscope answers: one line, for
 * whoever gets the answer without the command. Undefined for made-up memory.
 */
export function originLine(origins: readonly MemoryOrigin[], version: string): string | undefined {
  if (origins.length === 0) return undefined;
  const leftOut = origins.flatMap((each) => each.leftOut ?? []);
  const without = leftOut.length === 0 ? '' : `, without ${leftOutWords(leftOut)}`;
  const words = `Memory of ${whose(origins)}, read ${timesOf(origins)} from ${sourceWords(origins)}${without}`;
  return `${printable(words)}; thpscope ${version}`;
}

/** When the first reading and the last one began, as ISO 8601 has instants and intervals. */
export function readingTimes(origins: readonly MemoryOrigin[]): readonly string[] {
  const times = origins.flatMap(({ time, lastTime = time }) => [time, lastTime]).sort();
  return [...new Set([...times.slice(0, 1), ...times.slice(-1)])];
}

/** The names of the hosts, each once, as far as they are known. */
export function hostNames(origins: readonly MemoryOrigin[]): readonly string[] {
  return [...new Set(origins.flatMap(({ host }) => host ?? []))];
}

function whose(origins: readonly MemoryOrigin[]): string {
  const names = hostNames(origins);
  const [{ kernelRelease, hosts }] = origins;
  if (hosts !== undefined) return plural(hosts, 'host');
  const kernel = origins.length > 1 || kernelRelease === '' ? '' : ` (Linux ${kernelRelease})`;
  if (names.length === 0)
    return `${origins.length > 1 ? 'hosts that are' : 'a host that is'} not named${kernel}`;
  const named =
    names.length > 1 ? `${plural(names.length, 'host')} (${namesOf(names)})` : hostWords(names[0]);
  const others = origins.some(({ host }) => host === undefined) ? ' and others that are not named' : '';
  return `${named}${kernel}${others}`;
}

function hostWords(host: string): string {
  return host === REDACTED ? 'a host whose name is redacted' : host;
}

function sourceWords(origins: readonly MemoryOrigin[]): string {
  const [{ source, live }] = origins;
  if (live) return `running processes (${source})`;
  if (origins.length === 1) return source;
  return `${plural(origins.length, 'file')} (${namesOf(origins.map((each) => each.source))})`;
}

function timesOf(origins: readonly MemoryOrigin[]): string {
  return readingTimes(origins)
    .map((time) => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`)
    .join(' to ');
}

function namesOf(names: readonly string[]): string {
  const left = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return left > 0 ? `${shown} and ${left} more` : shown;
}
