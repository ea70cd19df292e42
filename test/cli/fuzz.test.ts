import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('fuzzing runs, repeats by its seed, and says what it found', () => {
  const run = spawnSync(
    process.execPath,
    ['fuzz/run.mjs', 'ranges', 'policy', '--seconds', '2', '--seed', '7'],
    {
      encoding: 'utf8',
    },
  );
  expect(run.stdout).toMatch(/^fuzz --seconds 2 --seed 7 ranges policy\n/);
  expect(run.stdout).toMatch(/^ranges +\d+ inputs in 1 s, \d+ kept, \d+ of \d+ lines \(\d+%\), 0 found$/m);
  expect([run.stderr, run.status]).toEqual(['', 0]);
});
