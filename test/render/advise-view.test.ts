import { expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { worthLine } from '../../src/render/words/advise-view.ts';

const result = (growthPages: number, hugePages: number, laterAttempts: number) => ({
  metrics: { growthPages, hugePages, laterAttempts },
});
const WITHOUT = result(0, 6750, 100);
const worth = (growthPages: number, hugePages: number, laterAttempts: number) =>
  worthLine(result(growthPages, hugePages, laterAttempts), WITHOUT, 10_000, x86_64);

test('what growth buys is told against the best without it', () => {
  expect(worth(256, 6770, 100)).toBe('without growth: 67.5%; the 1M buy 0.2 percentage points');
  expect(worth(256, 6770, 99)).toMatch(/0.2 percentage points and 1 fewer attempt in every later pass$/);
  expect(worth(256, 6770, 1100)).toMatch(/ and 1,000 more attempts in every later pass$/);
  expect(worth(256, 6751, 100)).toMatch(/buy less than 0.1 percentage points$/);
  expect(worth(0, 6750, 100)).toBeUndefined();
});
