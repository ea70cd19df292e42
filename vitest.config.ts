import { defineConfig } from 'vitest/config';
import GuestsFirst from './test/support/guests-first.ts';

/** These change THP settings of the machine, if asked to, so they run after everything else, one by one. */
const HOST = ['test/linux/host-khugepaged.test.ts', 'test/linux/host-diff.test.ts'];

/** These drive a browser or boot a kernel, which would starve beside everything else. */
const OUTSIDE = [
  'test/web/**/*.browser.test.ts',
  'test/conform/guest.test.ts',
  'test/conform/other-guest.test.ts',
];

const shared = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // All cores: while one worker waits for a process, another tests. Vitest's default leaves one core alone.
  maxWorkers: '100%',
  // The built command is run as it was built.
  server: { deps: { external: [/\/dist\//] } },
};

export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    sequence: { sequencer: GuestsFirst },
    projects: [
      {
        test: {
          ...shared,
          name: 'model',
          include: ['test/**/*.test.ts'],
          exclude: [...HOST, ...OUTSIDE],
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...shared, name: 'outside', include: OUTSIDE, sequence: { groupOrder: 1 } } },
      { test: { ...shared, name: 'host', include: HOST, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
});
