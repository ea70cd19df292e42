import { type Result, succeed } from '../../core/base/failure.ts';
import { rangeBytes } from '../../core/memory/geometry.ts';
import type { Guest } from '../guest/guest.ts';
import { linesOf } from '../guest/guest-programs.ts';
import { PROBE_GEOMETRY } from '../probe/probe-batch.ts';

const TIMEOUT_MS = 300_000;

/** A VMA of a process that maps a file, or shared memory. Bytes. */
export interface GuestFileVma {
  readonly pid: number;
  readonly start: number;
  readonly end: number;
  readonly offset: number;
  /** MAJOR:MINOR:INODE. */
  readonly file: string;
  readonly name: string;
  readonly rssBytes: number;
  /** Of these, what a PMD maps. */
  readonly pmdMappedBytes: number;
}

/** A file that processes map, and what the page cache holds of it. */
export interface GuestMappedFile {
  readonly id: string;
  readonly name: string;
  /** A character for each page, a line for each PMD range: `.`, `u` if it was only
   * allocated, or the order of its folio. */
  readonly ranges: readonly string[];
  readonly vmas: readonly GuestFileVma[];
}

/** What meminfo says. Bytes. */
export type MemInfo = Readonly<Record<string, number>>;

/** All files that these processes map in VMAs of a PMD range and more, and their page cache. */
export async function readMappedFiles(
  guest: Guest,
  pids: readonly number[],
): Promise<Result<GuestMappedFile[]>> {
  const vmas: GuestFileVma[] = [];
  for (const pid of pids) {
    const lines = await linesOf(guest, `/proc/${pid}/smaps`);
    if (!lines.ok) return lines;
    vmas.push(...parseSmaps(pid, lines.value));
  }
  const files: GuestMappedFile[] = [];
  for (const id of new Set(vmas.map(({ file }) => file))) {
    const mappers = vmas.filter(({ file }) => file === id);
    const [{ pid, start, end, name }] = mappers;
    const vma = `${start.toString(16)}-${end.toString(16)}`;
    const lines = await guest.ask([`cached ${pid} ${vma}`], TIMEOUT_MS);
    if (!lines.ok) return lines;
    files.push({ id, name, ranges: lines.value.slice(0, -1), vmas: mappers });
  }
  return succeed(files);
}

/** The VMAs of smaps that map a file and are large enough for a PMD range. */
export function parseSmaps(pid: number, lines: readonly string[]): GuestFileVma[] {
  const vmas: GuestFileVma[] = [];
  let vma: (GuestFileVma & { rssBytes: number; pmdMappedBytes: number }) | undefined;
  for (const line of lines) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) (\S+) (\d+) *(.*)$/.exec(line);
    if (head) {
      const [start, end, offset] = head.slice(1, 4).map((text) => Number.parseInt(text, 16));
      const [device, inode, name] = head.slice(4);
      vma = {
        pid,
        start,
        end,
        offset,
        file: `${device}:${inode}`,
        name,
        rssBytes: 0,
        pmdMappedBytes: 0,
      };
      if (inode !== '0' && end - start >= rangeBytes(PROBE_GEOMETRY)) vmas.push(vma);
      continue;
    }
    const [, field, kib] = /^(\w+): +(\d+) kB$/.exec(line) ?? [];
    if (!vma || kib === undefined) continue;
    if (field === 'Rss') vma.rssBytes = Number(kib) * 1024;
    if (field === 'ShmemPmdMapped' || field === 'FilePmdMapped') vma.pmdMappedBytes += Number(kib) * 1024;
  }
  return vmas;
}

/** What all memory of the guest is used for. */
export async function readMemInfo(guest: Guest): Promise<Result<MemInfo>> {
  const lines = await linesOf(guest, '/proc/meminfo');
  if (!lines.ok) return lines;
  const fields = lines.value.map((line) => /^(\S+): +(\d+) kB$/.exec(line)).filter((field) => field !== null);
  return succeed(Object.fromEntries(fields.map(([, name, kib]) => [name, Number(kib) * 1024])));
}
