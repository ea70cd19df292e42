import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import type { MemoryItem } from '../../core/rules/memory-source.ts';
import type { Vma } from '../../core/rules/vma.ts';

/** A VMA of a process that was read, by what it maps of a file. */
export interface FileVma {
  readonly pid: number;
  readonly startTime: number;
  readonly start: number;
  readonly end: number;
  /** Where in the file it begins, in bytes. */
  readonly offset: number;
  /** Whether it is private and pages of it were written: these are not those of the page cache. */
  readonly hasOwnPages: boolean;
}

/** A file, or shared memory, and who maps it. */
export interface MappedFile {
  /** MAJOR:MINOR:INODE */
  readonly id: string;
  /** As smaps has it, where it was seen first. */
  readonly name: string;
  readonly vmas: FileVma[];
}

/** PMD ranges of a file, as numbers: those from `first` on, up to `past`. */
export interface RangeSpan {
  readonly first: number;
  readonly past: number;
}

/** I/O and PFN mappings, mixed maps and hugetlb: not of the page cache. */
const SPECIAL_FLAGS = ['io', 'pf', 'mm', 'ht'];

/** Gathers what VMAs map of files, while processes are read. */
export class MappedFiles {
  readonly #geometry: Geometry;
  /** Only the PMD range around it. */
  readonly #address: number | undefined;
  readonly #files = new Map<string, MappedFile>();
  #process = { pid: 0, startTime: 0 };

  constructor(geometry: Geometry, address: number | undefined) {
    this.#geometry = geometry;
    this.#address = address;
  }

  add(item: MemoryItem): void {
    if (item.kind === 'process') this.#process = item.process;
    if (item.kind !== 'vma' || !item.vma.mapping) return;
    const { vma } = item;
    const { file: id, offset } = item.vma.mapping;
    // Names such as "anon_inode:[perf_event]" and "socket:[123]" are no files.
    if (!vma.name.startsWith('/') || SPECIAL_FLAGS.some((flag) => vma.flags.includes(flag))) return;
    let file = this.#files.get(id);
    if (!file) {
      file = { id, name: vma.name, vmas: [] };
      this.#files.set(id, file);
    }
    const { pid, startTime } = this.#process;
    const hasOwnPages = 'anonymousBytes' in vma && vma.anonymousBytes !== 0;
    file.vmas.push({ pid, startTime, start: vma.start, end: vma.end, offset, hasOwnPages });
  }

  /** The files of which a VMA maps a whole PMD range at an aligned address, with these ranges. */
  *wholeRanges(): Iterable<{ readonly file: MappedFile; readonly spans: readonly RangeSpan[] }> {
    for (const file of this.#files.values()) {
      const spans = joined(file.vmas.flatMap((vma) => wholeRanges(vma, this.#geometry, this.#address)));
      if (spans.length > 0) yield { file, spans };
    }
  }
}

/** The PMD ranges of the file that a VMA maps whole and aligned, or the one of them around an address. */
function wholeRanges(
  { start, end, offset }: Pick<Vma, 'start' | 'end'> & { readonly offset: number },
  geometry: Geometry,
  address: number | undefined,
): RangeSpan[] {
  const bytes = rangeBytes(geometry);
  if ((start - offset) % bytes !== 0) return [];
  const numberAt = (at: number) => (at - start + offset) / bytes;
  const first = Math.ceil(numberAt(start));
  const past = Math.floor(numberAt(end));
  if (address === undefined) return first < past ? [{ first, past }] : [];
  const around = Math.floor(numberAt(address));
  return first <= around && around < past ? [{ first: around, past: around + 1 }] : [];
}

/** Spans in order, none of which touches another. */
function joined(spans: readonly RangeSpan[]): RangeSpan[] {
  const done: { first: number; past: number }[] = [];
  for (const { first, past } of spans.toSorted((a, b) => a.first - b.first)) {
    const last = done.at(-1);
    if (last && first <= last.past) last.past = Math.max(last.past, past);
    else done.push({ first, past });
  }
  return done;
}
