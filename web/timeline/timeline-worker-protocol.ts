import type { Result } from '../../src/core/base/failure.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import type { FrameProcess } from '../../src/simulation/map-frames.ts';
import type { Sample } from '../../src/simulation/sample.ts';
import type { Incident } from '../../src/simulation/simulated-host.ts';
import type { Ending } from '../../src/simulation/simulation-report.ts';
import type { PolicyChoice } from '../policy/choice.ts';
import type { Fact } from './facts.ts';
import type { Marker } from './markers.ts';
import type { RunParams } from './run-params.ts';

/** What a simulation starts from. */
export type RunSource =
  | { readonly kind: 'scenario'; readonly json: unknown }
  | {
      readonly kind: 'memory';
      /** The snapshot, as the page opened it. */
      readonly source: Blob | string;
      readonly name: string;
      readonly choice: PolicyChoice;
    };

/** What a run has come to so far. */
export interface RunSeries {
  readonly geometry: Geometry;
  readonly memoryPages: number;
  readonly swapSlots: number;
  /** Virtual time, in ns. */
  readonly ranNs: number;
  /** Where the run ends at the latest, in ns; undefined if it is to settle. */
  readonly untilNs: number | undefined;
  readonly fullScans: number;
  readonly samples: readonly Sample[];
  /** What is planned to happen, and what went wrong. */
  readonly markers: readonly Marker[];
}

/** The end of a run. */
export interface RunEnd extends RunSeries {
  readonly ending: Ending | 'stopped';
  readonly title: string;
  /** What ran under which settings. */
  readonly head: readonly string[];
  /** What came of it. */
  readonly facts: readonly Fact[];
  readonly notes: readonly string[];
  readonly incidents: readonly Incident[];
  /** Times at which the map is known, in ns. */
  readonly moments: readonly number[];
  readonly map: RunMap;
}

/** All ranges that held anything at some time, in rows that keep their place at every moment. */
export interface RunMap {
  readonly processes: readonly MapProcess[];
  /** First bytes of the ranges. */
  readonly addresses: Float64Array;
  /** For each row the name of its VMA, as an index. */
  readonly areaOf: Uint16Array;
  readonly areaNames: readonly string[];
}

export interface MapProcess {
  readonly name: string;
  readonly id: number;
  /** Rows from `first` up to `end`. */
  readonly first: number;
  readonly end: number;
}

/** What the ranges of a run hold at a moment, a value a row: see src/simulation/range-cells.ts. */
export interface MapMoment {
  readonly index: number;
  readonly at: number;
  readonly processes: readonly FrameProcess[];
  readonly mainCells: Uint8Array;
  readonly residentPages: Uint16Array;
  readonly swapPages: Uint16Array;
  /** All PTEs of all rows; undefined where there are more than fit a screen. */
  readonly cells: Uint8Array | undefined;
}

/** The worker that simulates. */
export interface TimelineWorker {
  /**
   * Runs to the end, or until it is stopped or another run begins: then undefined. `onProgress` hears some
   * times a second.
   */
  run(
    source: RunSource,
    params: RunParams,
    onProgress: (series: RunSeries) => void,
  ): Promise<Result<RunEnd> | undefined>;
  /** Ends the run that is going on where it is. */
  stop(): Promise<void>;
  /** The map at a moment of the run that ended last; undefined if another one has begun. */
  moment(index: number): Promise<MapMoment | undefined>;
  /** The PTEs of one range at a moment. */
  cells(index: number, row: number): Promise<Uint8Array | undefined>;
}
