import type { Mm } from '../memory/mm.ts';
import { CellReader, type RangeCells } from './range-cells.ts';
import { MAX_SAMPLES } from './series.ts';
import type { Stage } from './stage.ts';

/** Ranges times frames that are kept at most: two million entries of a few bytes, and what differs between frames. */
const MOST_ENTRIES = 2 ** 21;
const FEWEST_FRAMES = 32;
/** PTE arrays that are kept at most, in bytes; with more every second frame goes. */
const MOST_CELL_BYTES = 48 * 2 ** 20;

/** A range that held anything at some time, and what it held from which frame on. */
export interface FrameRow {
  /** Index of its process among the actors. */
  readonly actor: number;
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

/** The machine at a moment, in ns of virtual time. Processes are in the order of their birth; later ones are missing. */
export interface Frame {
  readonly at: number;
  readonly processes: readonly FrameProcess[];
}

/** Tells whether memory may have changed since a frame. */
interface Stamp {
  readonly asleep: boolean;
  readonly pastEvents: number;
  readonly cpuNs: number;
  readonly waits: number;
}

/**
 * Keeps what the address spaces hold, PTE by PTE, at moments of a run: those of the samples, or fewer for large machines.
 * Only what differs from the frame before is kept. Call `take` at every sample, `finish` at the end.
 */
export class Frames {
  readonly #stage: Stage;
  readonly #reader: CellReader;
  readonly #byMm = new Map<Mm, Map<number, FrameRow>>();
  #frames: Frame[] = [];
  #stamp: Stamp | undefined;
  /** Frames are at multiples of this, in ns; 0 is at every sample. */
  #interval = 0;
  #cellBytes = 0;
  #rowCount = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#reader = new CellReader(stage.kernel.machine);
  }

  get frames(): readonly Frame[] {
    return this.#frames;
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

  /** All ranges, process by process in the order of addresses. Ranges stay in their place as long as the run is over. */
  rows(): FrameRow[] {
    return [...this.#byMm.values()]
      .flatMap((rows) => [...rows.values()])
      .sort((a, b) => a.actor - b.actor || a.address - b.address);
  }

  /** What a range held at a frame. */
  cellsAt({ versions }: FrameRow, frame: number): RangeCells {
    let i = versions.length - 1;
    while (i >= 0 && versions[i].from > frame) i--;
    return i < 0 ? this.#reader.nothing() : versions[i].cells;
  }

  get #mostFrames(): number {
    const fitting = Math.floor(MOST_ENTRIES / Math.max(1, this.#rowCount));
    return Math.max(FEWEST_FRAMES, Math.min(MAX_SAMPLES, fitting));
  }

  #isTooLarge(): boolean {
    return this.#cellBytes > MOST_CELL_BYTES && this.#frames.length > FEWEST_FRAMES;
  }

  #add(at: number): void {
    const { actors } = this.#stage;
    const stamp = stampOf(this.#stage);
    const before = this.#stamp;
    const isQuiet =
      before?.asleep === true &&
      stamp.asleep &&
      before.pastEvents === stamp.pastEvents &&
      before.cpuNs === stamp.cpuNs &&
      before.waits === stamp.waits;
    if (!isQuiet) for (const [i, { mm }] of actors.entries()) this.#look(i, mm);
    this.#stamp = stamp;
    this.#frames.push({
      at,
      processes: actors.map(({ mm }) => ({
        rssPages: mm.exited ? 0 : mm.rssPages,
        swapPages: mm.exited ? 0 : mm.swapEntries,
        exited: mm.exited,
      })),
    });
  }

  #look(actor: number, mm: Mm): void {
    const { machine } = this.#stage.kernel;
    let rows = this.#byMm.get(mm);
    if (!rows) this.#byMm.set(mm, (rows = new Map()));
    for (const pmd of mm.pmds.values()) {
      if (rows.has(pmd.number)) continue;
      const address = pmd.number * machine.rangeBytes;
      const [area] = mm.areas.overlapping(address, address + machine.rangeBytes);
      rows.set(pmd.number, { actor, address, areaName: area?.name ?? '', versions: [] });
      this.#rowCount++;
    }
    const from = this.#frames.length;
    for (const [number, { versions }] of rows) {
      const last = versions[versions.length - 1];
      const before = last?.cells ?? this.#reader.nothing();
      const cells = this.#reader.read(mm.pmds.get(number), before);
      if (cells === before) continue;
      // A version that no frame has shown since frames were dropped.
      if (last?.from === from) versions.pop();
      versions.push({ from, cells });
      this.#cellBytes += cells.cells.length;
    }
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

function stampOf({ daemon, pastEvents, kernel: { locks } }: Stage): Stamp {
  let waits = 0;
  for (const kinds of locks.statistics.waits.values()) for (const { count } of kinds.values()) waits += count;
  return {
    asleep: daemon.state !== 'scanning',
    pastEvents,
    cpuNs: daemon.control.activity.totalCpuNs,
    waits,
  };
}
