import fc from 'fast-check';
import { expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { SharedMemory } from '../../src/linux/processes/shared-mm.ts';
import { kernelTree, machineFiles, processFiles } from '../support/kernel-tree.ts';
import '../support/seed.ts';

const PIDS = Array.from({ length: 40 }, (_, i) => 100 + i);
const files = PIDS.map((pid) => processFiles(pid, { vmas: [], pages: new Map() }));

/** Which of the processes before each is its owner, if their address spaces have these numbers. */
function ownersBy(spaces: readonly number[]): (number | undefined)[] {
  return spaces.map((space, i) => {
    const first = spaces.indexOf(space);
    return first < i ? PIDS[first] : undefined;
  });
}

test('processes that share an address space are found among any that look alike, by few comparisons', () => {
  const tree = kernelTree(Object.assign({}, machineFiles(x86_64), ...files));
  const cases = fc.array(fc.nat({ max: 30 }), { minLength: PIDS.length, maxLength: PIDS.length });
  fc.assert(
    fc.property(cases, (spaces) => {
      let asked = 0;
      const shared = new SharedMemory(tree, (a, b) => {
        asked++;
        return Math.sign(spaces[PIDS.indexOf(a)] - spaces[PIDS.indexOf(b)]);
      });
      expect(PIDS.map((pid) => shared.ownerOf(pid)?.pid)).toEqual(ownersBy(spaces));
      expect(asked).toBeLessThanOrEqual(PIDS.length * 6);
    }),
    { numRuns: 30 },
  );
});

test('and where the kernel does not say it of some, because they have ended', () => {
  const tree = kernelTree(Object.assign({}, machineFiles(x86_64), ...files));
  const cases = fc.record({
    spaces: fc.array(fc.nat({ max: 20 }), { minLength: PIDS.length, maxLength: PIDS.length }),
    ended: fc.uniqueArray(fc.nat({ max: PIDS.length - 1 }), { maxLength: 8 }),
    at: fc.nat({ max: PIDS.length }),
  });
  fc.assert(
    fc.property(cases, ({ spaces, ended, at }) => {
      let now = 0;
      const gone = new Set(ended.map((i) => PIDS[i]));
      const shared = new SharedMemory(tree, (a, b) => {
        if (now >= at && (gone.has(a) || gone.has(b))) return undefined;
        return Math.sign(spaces[PIDS.indexOf(a)] - spaces[PIDS.indexOf(b)]);
      });
      const owners: number[] = [];
      for (const [i, pid] of PIDS.entries()) {
        now = i;
        const isSaid = (other: number) => i < at || !(gone.has(other) || gone.has(pid));
        const expected = owners.filter((each) => isSaid(each) && spaces[PIDS.indexOf(each)] === spaces[i]);
        const owner = shared.ownerOf(pid)?.pid;
        if (owner === undefined) owners.push(pid);
        expect(expected.length > 0 ? expected : [undefined]).toContain(owner);
      }
    }),
    { numRuns: 60 },
  );
});
