import { closeKernelFile, KernelReadError, openKernelFile, readFully } from './kernel-file.ts';
import type { KernelTree } from './kernel-tree.ts';

/** Bits of /proc/kpageflags (docs/khugepaged.md#kpageflags). */
export const KPF = {
  locked: 1 << 0,
  anon: 1 << 12,
  swapBacked: 1 << 14,
  head: 1 << 15,
  tail: 1 << 16,
  large: 1 << 22,
  zeroPage: 1 << 24,
} as const;

/**
 * Entries that may be read for nothing between two wanted ones: reading one costs a tenth of a system call.
 */
const LARGEST_GAP = 16;
const LONGEST_READ = 1 << 16;
const BLOCK = 512;

/** A large folio in physical memory. */
export interface PhysicalFolio {
  /** Frame number of its first page. */
  readonly head: number;
  readonly order: number;
}

/** Reads /proc/kpageflags and /proc/kpagecount in runs of neighbouring frames. */
export class PageFlags {
  readonly #flags: number;
  readonly #counts: number;
  #blocks = new Map<number, Uint32Array>();

  private constructor(flags: number, counts: number) {
    this.#flags = flags;
    this.#counts = counts;
  }

  /** Undefined where this user may not read them; they belong to root. */
  static open(tree: KernelTree): PageFlags | undefined {
    const flags = openKernelFile(tree.proc('kpageflags'));
    if (!flags.ok) return undefined;
    const counts = openKernelFile(tree.proc('kpagecount'));
    if (counts.ok) return new PageFlags(flags.value, counts.value);
    closeKernelFile(flags.value);
    return undefined;
  }

  close(): void {
    closeKernelFile(this.#flags);
    closeKernelFile(this.#counts);
  }

  /** The low 32 flag bits of each frame; 0 for frame 0, which stands for no page. */
  flagsOf(frames: Float64Array): Uint32Array {
    this.#blocks.clear();
    return lowWordsOf(this.#flags, frames);
  }

  /** How often each frame is mapped, by anybody; 0 for frame 0. */
  mappingsOfFrames(frames: Float64Array): Uint32Array {
    return lowWordsOf(this.#counts, frames);
  }

  /**
   * The large folio that a frame belongs to; undefined if it stopped being large since its flags were read.
   */
  folioOf(frame: number): PhysicalFolio | undefined {
    let head = frame;
    while (head >= 0 && this.#blockFlags(head) & KPF.tail) head--;
    if (head < 0 || !(this.#blockFlags(head) & KPF.head)) return undefined;
    let end = head + 1;
    while (this.#blockFlags(end) & KPF.tail) end++;
    const order = 31 - Math.clz32(end - head);
    return frame < head + (1 << order) ? { head, order } : undefined;
  }

  /** How often the pages of a folio are mapped, by anybody, in total. */
  mappingsOf(folio: PhysicalFolio): number {
    const words = read(this.#counts, folio.head, 1 << folio.order);
    let mappings = 0;
    for (let i = 0; i < words.length; i += 2) mappings += words[i];
    return mappings;
  }

  /** Flags through aligned blocks: the pages of a folio lie side by side, whichever of them are mapped. */
  #blockFlags(frame: number): number {
    const number = Math.floor(frame / BLOCK);
    let block = this.#blocks.get(number);
    if (!block) {
      block = read(this.#flags, number * BLOCK, BLOCK);
      this.#blocks.set(number, block);
    }
    return block[2 * (frame - number * BLOCK)];
  }
}

/** The low words of the entries of frames; 0 for frame 0. */
function lowWordsOf(fd: number, frames: Float64Array): Uint32Array {
  const lows = new Uint32Array(frames.length);
  for (const span of spansOf(runsOf(frames))) {
    const words = read(fd, span.first, span.end - span.first);
    for (const run of span.runs) {
      const from = run.frame - span.first;
      for (let i = 0; i < run.length; i++) lows[run.index + i] = words[2 * (from + i)];
    }
  }
  return lows;
}

/** Neighbouring frames at neighbouring positions of the list. */
interface Run {
  readonly frame: number;
  readonly index: number;
  length: number;
}

/** Runs close enough to each other to be read at once. */
interface Span {
  readonly first: number;
  end: number;
  readonly runs: Run[];
}

function runsOf(frames: Float64Array): Run[] {
  const runs: Run[] = [];
  let last: Run | undefined;
  for (let index = 0; index < frames.length; index++) {
    const frame = frames[index];
    if (frame === 0) continue;
    if (last && last.frame + last.length === frame && last.index + last.length === index) {
      last.length++;
    } else {
      last = { frame, index, length: 1 };
      runs.push(last);
    }
  }
  return runs;
}

function spansOf(runs: Run[]): Span[] {
  const spans: Span[] = [];
  let last: Span | undefined;
  for (const run of runs.sort((a, b) => a.frame - b.frame)) {
    const end = run.frame + run.length;
    if (last && run.frame - last.end <= LARGEST_GAP && end - last.first <= LONGEST_READ) {
      last.end = Math.max(last.end, end);
      last.runs.push(run);
    } else {
      last = { first: run.frame, end, runs: [run] };
      spans.push(last);
    }
  }
  return spans;
}

/**
 * 64-bit entries as pairs of words, low word first; frames beyond the end of memory read as 0. Throws
 * KernelReadError.
 */
function read(fd: number, first: number, count: number): Uint32Array {
  const words = new Uint32Array(2 * count);
  const done = readFully(fd, new Uint8Array(words.buffer), 8 * first);
  if (!done.ok) throw new KernelReadError(`page flags cannot be read: ${done.failure.message}`);
  return words;
}
