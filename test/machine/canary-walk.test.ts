import { expect, test, vi } from 'vitest';
import type * as migrate from '../../src/machine/frames/migrate.ts';
import { Walk } from './walk.ts';

/** The canary: compaction that forgets the content of the pages it moves. */
vi.mock('../../src/machine/frames/migrate.ts', async (importOriginal) => {
  const original = await importOriginal<typeof migrate>();
  const migrateFrame: typeof migrate.migrateFrame = (machine, from, to) => {
    original.migrateFrame(machine, from, to);
    machine.frames.content[to] = 0;
  };
  return { ...original, migrateFrame };
});

test('a broken operation does not survive random walks', () => {
  const seeds = Array.from({ length: 40 }, (_, seed) => seed);
  const caught = seeds.find((seed) => {
    try {
      new Walk(seed).run(150);
      return false;
    } catch (error) {
      expect(String(error)).toMatch(/process \d+ reads 0 at page/);
      return true;
    }
  });
  expect(caught).toBeDefined();
});
