/** The least multiple of a unit that is no less than a value. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** The greatest multiple of a unit that is no more than a value. */
export function roundDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}
