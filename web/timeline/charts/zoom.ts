/** The part of the time axis that charts show, in seconds; undefined is all of it. */
export interface Zoom {
  readonly min: number;
  readonly max: number;
}

/** Of all the time, so much is shown at least. */
const CLOSEST = 1 / 256;

/** Shows more or less around a second; `by` below 1 is closer. */
export function zoomAround(zoom: Zoom | undefined, by: number, at: number, end: number): Zoom | undefined {
  const { min, max } = zoom ?? { min: 0, max: end };
  const width = Math.max(end * CLOSEST, (max - min) * by);
  if (width >= end) return undefined;
  const from = Math.min(Math.max(0, at - width / 2), end - width);
  return { min: from, max: from + width };
}
