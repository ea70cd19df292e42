/** Numbers in [0, 1), like Math.random. */
export type Random = () => number;

/** A reproducible source of numbers: the same seed gives the same numbers everywhere (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number in [0, below). */
export function pick(random: Random, below: number): number {
  return Math.floor(random() * below);
}
