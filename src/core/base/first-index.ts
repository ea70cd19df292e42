/**
 * The first of `length` places from which on something holds; `length` where it never does. It must not hold
 * before that place and fail after it: places are halved, not tried one by one.
 */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
