import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import { Walk } from './walk.ts';

describe('whatever processes do in whatever order', () => {
  test('all counts add up and all contents are preserved, after every step', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => new Walk(seed).run(150)),
      { numRuns: 30 },
    );
  });

  test('a seed repeats the same steps with the same outcome', () => {
    const outcome = (seed: number) => {
      const walk = new Walk(seed);
      walk.run(60);
      const { frames, counters, work } = walk.machine;
      return { flags: frames.flags, content: frames.content, counters, work };
    };
    expect(outcome(11)).toEqual(outcome(11));
    expect(outcome(11)).not.toEqual(outcome(12));
  });
});
