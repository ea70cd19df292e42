// Four kinds of packed occupancy: bitmaps of 512 PTEs, 16 words a range, from a fixed seed.

/** A small generator of 32-bit numbers (xorshift), so that every run has the same data. */
export function generator(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const KINDS = {
  /** Full but for one range in eight, which has one hole. */
  dense: (words, random) => {
    words.fill(0xffffffff);
    if (random() % 8 === 0) words[random() % 16] ^= 1 << (random() % 32);
  },
  /** Runs of 1 to 64 pages with as long holes between them, as heaps have them. */
  mixed: (words, random) => {
    words.fill(0);
    for (let page = random() % 32; page < 512; page += 1 + (random() % 64)) {
      for (const end = Math.min(512, page + 1 + (random() % 64)); page < end; page++)
        words[page >>> 5] |= 1 << (page & 31);
    }
  },
  /** Every page present with a chance of one half. */
  random: (words, random) => words.forEach((_, i) => (words[i] = random())),
  /** Four pages anywhere. */
  sparse: (words, random) => {
    words.fill(0);
    for (let i = 0; i < 4; i++) words[random() % 16] |= 1 << (random() % 32);
  },
};

export const OCCUPANCY_KINDS = Object.keys(KINDS);

/** Fills bitmaps with ranges of a kind. */
export function fillOccupancy(kind, bitmaps, seed = 1) {
  const random = generator(seed);
  for (let i = 0; i < bitmaps.length; i += 16) KINDS[kind](bitmaps.subarray(i, i + 16), random);
}
