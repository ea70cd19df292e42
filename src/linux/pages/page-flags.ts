import { closeKernelFile, KernelReadError, openKernelFile, readFully } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

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

/** Which aligned blocks of 2^order frames a large folio covers, as far as was looked. */
interface LargeBlocks {
  readonly order: number;
  readonly made: string | undefined;
  readonly seen: Map<number, number>;
}

/** Reads /proc/kpageflags and /proc/kpagecount in runs of neighbouring frames. */
export class PageFlags {
  readonly #flags: number;
  readonly #counts: number;
  #blocks = new Map<number, Uint32Array>();
  #largeBlocks: LargeBlocks | undefined;

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

  /** The low 32 flag bits of neighbouring frames; 0 beyond the end of memory. */
  flagsFrom(first: number, count: number): Uint32Array {
    const words = read(this.#flags, first, count);
    const lows = new Uint32Array(count);
    for (let i = 0; i < count; i++) lows[i] = words[2 * i];
    return lows;
  }

  /**
   * Whether each frame is of a large folio (KPF.large, or 0), where none is smaller than 2^order frames: one
   * frame of each aligned block of so many speaks for all of it. What was seen is kept until large folios are
   * made, as `made` tells by changing (large-folios.ts).
   */
  largeByBlock(frames: Float64Array, order: number, made: string | undefined): Uint32Array {
    this.#blocks.clear();
    const isKept = made !== undefined && this.#largeBlocks?.made === made;
    if (!this.#largeBlocks || !isKept || this.#largeBlocks.order !== order)
      this.#largeBlocks = { order, made, seen: new Map() };
    const { seen } = this.#largeBlocks;
    const large = new Uint32Array(frames.length);
    let last = -1;
    let ofLast = 0;
    for (let i = 0; i < frames.length; i++) {
      const frame = frames[i];
      if (frame === 0) continue;
      const block = Math.floor(frame / 2 ** order);
      if (block !== last) {
        last = block;
        const known = seen.get(block);
        ofLast = known ?? read(this.#flags, frame, 1)[0] & KPF.large;
        if (known === undefined) seen.set(block, ofLast);
      }
      large[i] = ofLast;
    }
    return large;
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
      block = read(this.#flags, number * BLOCK, BLOCK).slice();
      this.#blocks.set(number, block);
    }
    return block[2 * (frame - number * BLOCK)];
  }
}

/** The low words of the entries of frames; 0 for frame 0. */
function lowWordsOf(fd: number, frames: Float64Array): Uint32Array {
  const lows = new Uint32Array(frames.length);
  const { length } = frames;
  const starts = runsOf(frames);
  for (let i = 0; i < starts.length; ) {
    // Runs that are close enough to each other are read at once.
    const first = Math.floor(starts[i] / length);
    let end = first;
    const from = i;
    for (; i < starts.length; i++) {
      const frame = Math.floor(starts[i] / length);
      const index = starts[i] - frame * length;
      const runEnd = frame + runLength(frames, index);
      if (i > from && (frame - end > LARGEST_GAP || runEnd - first > LONGEST_READ)) break;
      end = Math.max(end, runEnd);
    }
    const words = read(fd, first, end - first);
    for (let run = from; run < i; run++) {
      const frame = Math.floor(starts[run] / length);
      const index = starts[run] - frame * length;
      const at = frame - first - index;
      for (let page = index, last = index + runLength(frames, index); page < last; page++)
        lows[page] = words[2 * (at + page)];
    }
  }
  return lows;
}

/**
 * Where neighbouring frames at neighbouring positions of a list begin: frame times length plus position,
 * ascending.
 */
function runsOf(frames: Float64Array): Float64Array {
  const starts = new Float64Array(frames.length);
  let count = 0;
  let sorted = true;
  for (let index = 0, next = 0; index < frames.length; index++) {
    const frame = frames[index];
    if (frame !== 0 && frame !== next) {
      starts[count] = frame * frames.length + index;
      if (count > 0 && starts[count] < starts[count - 1]) sorted = false;
      count++;
    }
    next = frame === 0 ? 0 : frame + 1;
  }
  const runs = starts.subarray(0, count);
  return sorted ? runs : runs.sort();
}

function runLength(frames: Float64Array, index: number): number {
  let end = index + 1;
  while (end < frames.length && frames[end] === frames[end - 1] + 1) end++;
  return end - index;
}

/** Read and overwritten again and again: what is read is taken before the next call. */
let words = new Uint32Array(2 * LONGEST_READ);

/**
 * 64-bit entries as pairs of words, low word first; frames beyond the end of memory read as 0. Throws
 * KernelReadError.
 */
function read(fd: number, first: number, count: number): Uint32Array {
  if (words.length < 2 * count) words = new Uint32Array(2 * count);
  const into = words.subarray(0, 2 * count);
  const bytes = new Uint8Array(into.buffer, 0, 8 * count);
  const done = readFully(fd, bytes, 8 * first);
  if (!done.ok) throw new KernelReadError(`page flags cannot be read: ${done.failure.message}`);
  bytes.fill(0, done.value);
  return into;
}
