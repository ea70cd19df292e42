import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CandidateCounts, type CollapseCandidate } from '../../src/analysis/apply/collapse-candidates.ts';
import { memoryShortage } from '../../src/analysis/apply/memory-shortage.ts';
import { sum } from '../../src/core/base/sum.ts';

const candidate = (growthPages: number): CollapseCandidate => ({ address: 0, growthPages, heldPages: 1 });

test('as many candidates fit as if the smallest growths were taken one by one', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(200), (growths, limit) => {
      const counts = new CandidateCounts();
      for (const growth of growths) counts.add(candidate(growth));
      let left = limit;
      const taken: number[] = [];
      for (const growth of [...growths].sort((a, b) => a - b)) {
        if (growth > left) break;
        taken.push(growth);
        left -= growth;
      }
      const { ranges, growthPages, wholePages, more } = counts.fitting(limit);
      expect({ ranges, growthPages }).toEqual({ ranges: taken.length, growthPages: sum(taken) });
      expect(growths.filter((growth) => growth <= wholePages).length + more).toBe(taken.length);
    }),
  );
});

test('without a limit all of them fit', () => {
  const counts = new CandidateCounts();
  for (const growth of [0, 511, 3]) counts.add(candidate(growth));
  expect(counts.fitting(Number.POSITIVE_INFINITY)).toMatchObject({ ranges: 3, growthPages: 514 });
});

test('a machine is short of memory where little is available or tasks wait for it', () => {
  const enough = { totalBytes: 100, availableBytes: 50, stalledPercent: 0 };
  expect(memoryShortage(enough)).toBeUndefined();
  expect(memoryShortage({ ...enough, availableBytes: 4 })).toContain('only 4B of 100B are available');
  expect(memoryShortage({ ...enough, stalledPercent: 11 })).toContain('for 11% of the last ten seconds');
  expect(
    memoryShortage({ totalBytes: undefined, availableBytes: undefined, stalledPercent: undefined }),
  ).toBeUndefined();
});
