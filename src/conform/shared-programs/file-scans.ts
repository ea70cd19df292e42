import { type Result, succeed } from '../../core/base/failure.ts';
import { rangeBytes } from '../../core/memory/geometry.ts';
import type { Guest } from '../guest/guest.ts';
import { linesOf } from '../guest/guest-programs.ts';
import { putSettings } from '../guest/guest-settings.ts';
import { PROBE_GEOMETRY } from '../probe/probe-batch.ts';
import type { GuestFileVma, GuestMappedFile } from './mapped-files.ts';

const TRACING = '/sys/kernel/tracing';

/** A scan of a PMD range of a file: of which process is known by no more than a number of the kernel's. */
export interface FileScan {
  readonly mm: string;
  /** As trace events name it: "memfd:java_heap". */
  readonly file: string;
  /** As trace events spell it: "exceed_none_pte". */
  readonly result: string;
}

/** From now on events are kept. */
export function startTrace(guest: Guest): Promise<Result<void>> {
  return putSettings(guest, [
    { path: `${TRACING}/trace`, value: '0' },
    { path: `${TRACING}/events/huge_memory/mm_khugepaged_scan_file/enable`, value: '1' },
    { path: `${TRACING}/tracing_on`, value: '1' },
  ]);
}

/** What khugepaged scanned since, in its order. */
export async function endTrace(guest: Guest): Promise<Result<FileScan[]>> {
  const stopped = await putSettings(guest, [{ path: `${TRACING}/tracing_on`, value: '0' }]);
  if (!stopped.ok) return stopped;
  const lines = await linesOf(guest, `${TRACING}/trace`);
  return lines.ok ? succeed(parseScans(lines.value)) : lines;
}

/** Reads the events of a trace. */
export function parseScans(lines: readonly string[]): FileScan[] {
  return lines
    .map((line) => /scan_file: mm=(\S+), .*filename=(.*?), present=.* result=(\w+)/.exec(line))
    .filter((event) => event !== null)
    .map(([, mm, file, result]) => ({ mm, file, result }));
}

/**
 * How the first scan of each range of a file ended, ranges in a result each; undefined where no process has
 * its file scanned. Later scans of other VMAs and processes meet what the first one made.
 */
export function firstScans(
  { name, vmas }: Pick<GuestMappedFile, 'name' | 'vmas'>,
  scans: readonly FileScan[],
): Readonly<Record<string, number>> | undefined {
  const file = name.replace(/^\//, '').replace(/ \(deleted\)$/, '');
  const ofFile = scans.filter((scan) => scan.file === file);
  if (ofFile.length === 0) return undefined;
  const { first, past } = mostRanges(vmas);
  const own = ofFile.filter(({ mm }) => mm === ofFile[0].mm).slice(0, past - first);
  const results: Record<string, number> = {};
  for (const { result } of own) results[result] = (results[result] ?? 0) + 1;
  return results;
}

/** The numbers in the file of the PMD ranges that the VMA with most of them maps whole. */
export function mostRanges(vmas: readonly GuestFileVma[]): { readonly first: number; readonly past: number } {
  const bytes = rangeBytes(PROBE_GEOMETRY);
  const spans = vmas.map(({ start, end, offset }) => ({
    first: Math.ceil(offset / bytes),
    past: Math.floor((offset + end - start) / bytes),
  }));
  return spans.reduce((most, span) => (span.past - span.first > most.past - most.first ? span : most));
}
