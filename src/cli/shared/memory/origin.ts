import { leftOutOf, type SkippedProcess } from '../../../analysis/reading/left-out.ts';
import type { Host, MemoryOrigin } from '../../../core/rules/memory-source.ts';
import { originJson } from '../../../render/json/origin.ts';
import { originLine } from '../../../render/words/origin-line.ts';
import { type Context, printText } from '../context.ts';
import type { ProcessFlags } from '../flags/source-flags.ts';
import type { InputFile } from '../input/input-file.ts';
import { readVersion } from '../version.ts';

/** Processes that are named one by one: an answer lists them anyway. */
const MOST_PIDS = 8;

/** What is known of a machine that memory was read on. */
type ReadHost = Pick<Host, 'kernelRelease' | 'time'> & { readonly name?: string | undefined };

/** What was not read of a source. */
type Skipped = readonly Pick<SkippedProcess, 'pid' | 'leftOutBytes'>[];

/** Where recorded memory comes from; the hosts are those of the files, and what was skipped there. */
export function recordedOrigins(
  files: readonly InputFile[],
  hosts: readonly ReadHost[],
  skipped: readonly Skipped[],
): MemoryOrigin[] {
  return files.map(({ name }, i) => withLeftOut(originOf(hosts[i], name, false), skipped[i]));
}

/** The origin with what a budget left out of it. */
export function withLeftOut(origin: MemoryOrigin, skipped: Skipped): MemoryOrigin {
  const leftOut = leftOutOf(skipped);
  return leftOut.length === 0 ? origin : { ...origin, leftOut };
}

/** Where the memory of running processes comes from, in the words that name them. */
export function liveOrigin({ pid = [], cgroup, all }: ProcessFlags, host: ReadHost): MemoryOrigin {
  const more = pid.length > MOST_PIDS ? ` and ${pid.length - MOST_PIDS} more` : '';
  const pids = `-p ${pid.slice(0, MOST_PIDS).join(',')}${more}`;
  return originOf(host, all ? '--all' : cgroup === undefined ? pids : `--cgroup ${cgroup}`, true);
}

function originOf(read: ReadHost, source: string, live: boolean): MemoryOrigin {
  const host = read.name === '' ? undefined : read.name;
  // Recordings may have times of other zones, which do not sort.
  const time = new Date(read.time).toISOString();
  return { source, live, host, kernelRelease: read.kernelRelease, time };
}

/** Prints whose memory an answer is about, before the answer. */
export async function printOrigin(context: Context, origins: readonly MemoryOrigin[]): Promise<void> {
  const line = originLine(origins, readVersion());
  if (line !== undefined) await printText(context, `${line}\n`);
}

/** The field that says so in every answer in JSON; none where memory is made up. */
export function originField(origins: readonly MemoryOrigin[]) {
  return origins.length > 0 ? { origin: originJson(origins, readVersion()) } : {};
}
