import type { TraceEvent } from '../khugepaged/trace-event.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import { CellReader, type RangeCells } from './range-cells.ts';
import { MAX_SAMPLES } from './series.ts';
import type { SimulatedHost } from './simulated-host.ts';

/** Ranges times frames at most: ranges that processes may have changed are all looked at for each frame. */
const MOST_LOOKS = 2 ** 23;
const FEWEST_FRAMES = 32;
/** PTE arrays that are kept at most, in bytes; with more every second frame goes. */
const MOST_CELL_BYTES = 48 * 2 ** 20;

/** A range that held anything at some time, and what it held from which frame on. */
export interface FrameRow {
  /** Index of its process among the processes. */
  readonly process: number;
  /** First byte. */
  readonly address: number;
  readonly areaName: string;
  readonly versions: { from: number; readonly cells: RangeCells }[];
}

/** What a process was at a frame. */
export interface FrameProcess {
  readonly rssPages: number;
  readonly swapPages: number;
  readonly exited: boolean;
}

/**
 * The machine at a moment, in ns of virtual time. Processes are in the order of their birth; later ones are
 * missing.
 */
export interface Frame {
  readonly at: number;
  readonly processes: readonly FrameProcess[];
}

/** Tells whether anything but khugepaged may have changed memory since a frame. */
interface Stamp {
  readonly busy: boolean;
  readonly pastEvents: number;
  readonly waits: number;
  /** What moved, split or took pages, wherever they were mapped. */
  readonly work: number;
}

/**
 * Keeps what the address spaces hold, PTE by PTE, at moments of a run: those of the samples, or fewer for
 * large machines. Only what differs from the frame before is kept. Call `take` at every sample, `hear` at
 * every trace event, `finish` at the end.
 */
export class Frames {
  readonly #host: SimulatedHost;
  readonly #reader: CellReader;
  readonly #byMm = new Map<Mm, Map<number, FrameRow>>();
  #frames: Frame[] = [];
  #stamp: Stamp | undefined;
  /** Ranges that khugepaged has dealt with since the last frame: range numbers by address space. */
  readonly #scanned = new Map<number, Set<number>>();
  /** Frames are at multiples of this, in ns; 0 is at every sample. */
  #interval = 0;
  #cellBytes = 0;
  #rowCount = 0;

  constructor(host: SimulatedHost) {
    this.#host = host;
    this.#reader = new CellReader(host.system.machine);
  }

  get frames(): readonly Frame[] {
    return this.#frames;
  }

  hear(event: TraceEvent): void {
    if (!('address' in event)) return;
    let scanned = this.#scanned.get(event.mm);
    if (!scanned) this.#scanned.set(event.mm, (scanned = new Set()));
    scanned.add(Math.floor(event.address / this.#host.system.machine.rangeBytes));
  }

  take(at: number): void {
    if (this.#interval > 0 && at % this.#interval !== 0) return;
    this.#add(at);
    while (this.#frames.length > this.#mostFrames || this.#isTooLarge()) this.#thin();
  }

  /** Takes the last frame, at the end of a run. */
  finish(at: number): void {
    if (this.#frames[this.#frames.length - 1]?.at === at) {
      this.#drop((frame) => frame.at !== at);
    }
    this.#add(at);
  }

  /**
   * All ranges, process by process in the order of addresses. Ranges stay in their place as long as the run
   * is over.
   */
  rows(): FrameRow[] {
    return [...this.#byMm.values()]
      .flatMap((rows) => [...rows.values()])
      .sort((a, b) => a.process - b.process || a.address - b.address);
  }

  /** What a range held at a frame. */
  cellsAt({ versions }: FrameRow, frame: number): RangeCells {
    let i = versions.length - 1;
    while (i >= 0 && versions[i].from > frame) i--;
    return i < 0 ? this.#reader.nothing() : versions[i].cells;
  }

  get #mostFrames(): number {
    const fitting = Math.floor(MOST_LOOKS / Math.max(1, this.#rowCount));
    return Math.max(FEWEST_FRAMES, Math.min(MAX_SAMPLES, fitting));
  }

  #isTooLarge(): boolean {
    return this.#cellBytes > MOST_CELL_BYTES && this.#frames.length > FEWEST_FRAMES;
  }

  #add(at: number): void {
    const { processes } = this.#host;
    const stamp = stampOf(this.#host);
    const before = this.#stamp;
    const isKnown =
      before !== undefined &&
      !before.busy &&
      !stamp.busy &&
      before.pastEvents === stamp.pastEvents &&
      before.waits === stamp.waits &&
      before.work === stamp.work;
    for (const [i, { mm }] of processes.entries()) {
      if (!isKnown) this.#look(i, mm);
      else for (const number of this.#scanned.get(mm.id) ?? []) this.#lookAt(i, mm, number);
    }
    this.#scanned.clear();
    this.#stamp = stamp;
    this.#frames.push({
      at,
      processes: processes.map(({ mm }) => ({
        rssPages: mm.exited ? 0 : mm.rssPages + mm.fileRssPages,
        swapPages: mm.exited ? 0 : mm.swapEntries,
        exited: mm.exited,
      })),
    });
  }

  /** Looks at all ranges that there are, or were. */
  #look(process: number, mm: Mm): void {
    for (const number of mm.pmds.keys()) this.#lookAt(process, mm, number);
    for (const number of this.#byMm.get(mm)?.keys() ?? []) {
      if (!mm.pmds.has(number)) this.#lookAt(process, mm, number);
    }
  }

  #lookAt(process: number, mm: Mm, number: number): void {
    const { versions } = this.#rowOf(process, mm, number);
    const last = versions[versions.length - 1];
    const before = last?.cells ?? this.#reader.nothing();
    const cells = this.#reader.read(mm.pmds.get(number), before);
    if (cells === before) return;
    const from = this.#frames.length;
    // A version that no frame has shown since frames were dropped.
    if (last?.from === from) versions.pop();
    versions.push({ from, cells });
    this.#cellBytes += cells.cells.length;
  }

  #rowOf(process: number, mm: Mm, number: number): FrameRow {
    let rows = this.#byMm.get(mm);
    if (!rows) this.#byMm.set(mm, (rows = new Map()));
    let row = rows.get(number);
    if (!row) {
      const { rangeBytes } = this.#host.system.machine;
      const address = number * rangeBytes;
      const [area] = mm.areas.overlapping(address, address + rangeBytes);
      rows.set(number, (row = { process, address, areaName: area?.name ?? '', versions: [] }));
      this.#rowCount++;
    }
    return row;
  }

  /** Drops every second frame. */
  #thin(): void {
    const frames = this.#frames;
    const step = this.#interval > 0 ? this.#interval : frames[1].at - frames[0].at;
    this.#interval = 2 * step;
    this.#drop(({ at }) => at % this.#interval === 0);
  }

  #drop(isKept: (frame: Frame) => boolean): void {
    // Where each frame goes: to itself, or to the next one that is kept.
    const places: number[] = [];
    const kept: Frame[] = [];
    for (const frame of this.#frames) {
      places.push(kept.length);
      if (isKept(frame)) kept.push(frame);
    }
    places.push(kept.length);
    this.#frames = kept;
    let bytes = 0;
    for (const rows of this.#byMm.values()) {
      for (const { versions } of rows.values()) {
        for (const version of versions) version.from = places[version.from];
        for (let i = versions.length - 2; i >= 0; i--) {
          if (versions[i].from === versions[i + 1].from) versions.splice(i, 1);
        }
        for (const { cells } of versions) bytes += cells.cells.length;
      }
    }
    this.#cellBytes = bytes;
  }
}

function stampOf({ daemon, pastEvents, system: { locks, machine } }: SimulatedHost): Stamp {
  let waits = 0;
  for (const kinds of locks.statistics.waits.values()) for (const { count } of kinds.values()) waits += count;
  const { swapReads, swapWrites, compactMoved, reclaimed, splits, pmdSplits } = machine.work;
  return {
    busy: daemon.state === 'scanning',
    pastEvents,
    waits,
    work: swapReads + swapWrites + compactMoved + reclaimed + splits + pmdSplits,
  };
}
