import { type Result, succeed } from '../../core/base/failure.ts';
import { pageBytes, rangeBytes } from '../../core/memory/geometry.ts';
import { PROBE_GEOMETRY } from '../probe/probe-batch.ts';
import type { Guest } from './guest.ts';
import { type GuestVma, memoryOf, pagesOf } from './guest-programs.ts';

const PAGE_BYTES = pageBytes(PROBE_GEOMETRY);
const RANGE_BYTES = rangeBytes(PROBE_GEOMETRY);

/** Pages of a process that are anonymous memory of no file, by the order of their folio: 0 for small ones. */
export type PagesByOrder = Readonly<Record<number, number>>;

/** Counts pages of a process in the guest by the order of their folio. */
export async function countProcessPages(guest: Guest, pid: number): Promise<Result<PagesByOrder>> {
  const vmas = await memoryOf(guest, pid);
  if (!vmas.ok) return vmas;
  const pages: Record<number, number> = {};
  for (const vma of vmas.value.filter(({ ofFile }) => !ofFile)) {
    const first = vma.start - (vma.start % RANGE_BYTES);
    const lines = await pagesOf(guest, pid, first, Math.ceil((vma.end - first) / RANGE_BYTES));
    if (!lines.ok) return lines;
    addPages(pages, lines.value.join(''), vma, first);
  }
  return succeed(pages);
}

/** Adds the pages of a VMA; `text` has a character for each from `first` on: see kernel-lab/README.md. */
function addPages(
  pages: Record<number, number>,
  text: string,
  { start, end }: GuestVma,
  first: number,
): void {
  for (const page of text.slice((start - first) / PAGE_BYTES, (end - first) / PAGE_BYTES))
    if (/\d/.test(page)) pages[Number(page)] = (pages[Number(page)] ?? 0) + 1;
}
