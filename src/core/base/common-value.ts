/** The value that all have; undefined where they differ or there are none. */
export function commonValue<T>(values: readonly T[]): T | undefined {
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}
