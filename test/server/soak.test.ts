import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** `node scripts/soak.mjs serve 10000` and `capture 1000` are the long forms. */
test.runIf(process.platform === 'linux').each([
  ['serve', 12],
  ['capture', 3],
])(
  '%s, %d times while processes come and go: nothing grows',
  (what, times) => {
    const run = spawnSync(process.execPath, ['scripts/soak.mjs', what, String(times)], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/: nothing grows\n$/);
    expect(run.status).toBe(0);
  },
  600_000,
);
