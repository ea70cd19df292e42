import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Prediction, predictMemory } from '../../src/analysis/prediction/prediction.ts';
import { machineGrowthOf, machinePagesOf } from '../../src/analysis/ranges/tally.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { valueOf } from '../support/ranges.ts';
import { buildOccupant, type Occupant, startOccupant } from './occupant/occupant.ts';

const RANGE = 2 << 20;
const RANGES = 4;
/** Pages that both have. */
const SHARED = RANGES * 512 - 203;
const isRoot = process.geteuid?.() === 0;
const binary = isRoot && buildOccupant();
if (!binary) console.warn('SKIPPED: which pages real processes share needs root and a C compiler');

/** Anonymous memory that processes take together, in pages: what is shared counts once. */
function sharedOut(pids: readonly number[]): number {
  const ofOne = (pid: number) => {
    const line = /^Pss_Anon: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return Number(line?.[1]) / 4;
  };
  return pids.reduce((sum, pid) => sum + ofOne(pid), 0);
}

/** What khugepaged would do to memory that asked for huge pages, however much of it is shared. */
async function predict(pids: readonly number[]): Promise<Prediction> {
  const source = valueOf(await openLiveSource(RUNNING_KERNEL, pids, new Date(0)));
  const settings = { ...defaultSettings(x86_64), enabled: 'madvise' as const, maxPtesShared: 511 };
  const model = KERNEL_MODELS['linux-6.18'];
  const runPolicy = { settings, model, algorithm: ALGORITHMS.walk, outcomes: [] };
  return predictMemory(source.items(), x86_64, runPolicy);
}

describe.runIf(binary)('a parent and its child', () => {
  let occupant: Occupant;
  let pids: readonly number[];
  let base: number;
  beforeAll(async () => {
    occupant = await startOccupant({});
    base = await occupant.map(`map ${RANGES} nohugepage`);
    await occupant.must(`touch ${base} 0-${RANGES * 512 - 1}`);
    const { child } = await occupant.must(`fork ${base}`);
    pids = [occupant.pid, child as number];
    // Below the limit asked about, and above the one in force by default: khugepaged keeps out of the way.
    await occupant.must('fork-touch 0-199,512,1024,1536');
    await occupant.must(`advise ${base} ${RANGES} hugepage`);
  });
  afterAll(() => occupant?.stop());

  test('take as much memory together as is counted once', async () => {
    const { total } = await predict(pids);
    const summed = sharedOut(pids);
    // The fractions of smaps are rounded a page, or a VMA, at a time.
    expect(Math.abs(machinePagesOf(total) - summed)).toBeLessThan(0.02 * summed);
    expect(total.repeatedPages).toBeGreaterThanOrEqual(SHARED);
  });

  test('grow by what is predicted where the parent collapses', async () => {
    const { total } = await predict(pids);
    const before = sharedOut(pids);
    for (let i = 0; i < RANGES; i++) await occupant.must(`collapse ${base + i * RANGE} ${RANGE}`);
    const grown = sharedOut(pids) - before;
    expect(total.collapses[9]).toBe(RANGES);
    expect(machineGrowthOf(total)).toBe(SHARED);
    expect(Math.abs(grown - machineGrowthOf(total))).toBeLessThan(50);
  });
});
