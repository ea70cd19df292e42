/** What benchmarks and the browser's own profiler see of the app. */
type Timing =
  | 'thpscope frame'
  | 'thpscope totals'
  | 'thpscope judgement'
  | 'thpscope comparison'
  | 'thpscope foretold';

/**
 * Notes how long something took that began at `start`, in ms of performance.now. Only the last one is kept.
 */
export function measured(name: Timing, start: number): void {
  performance.clearMeasures(name);
  performance.measure(name, { start });
}
