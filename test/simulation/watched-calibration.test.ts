import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { type Calibration, costsOf, DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { touch } from '../../src/machine/fault/fault.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { madviseHugepage, madviseNohugepage } from '../../src/machine/processes/madvise.ts';
import { watchedCalibration } from '../../src/simulation/watched-calibration.ts';
import { PAGE, SECOND, World } from '../khugepaged/world.ts';
import { valueOf } from '../support/ranges.ts';

/** What the simulated daemon spends on the scan and the collapse of a range with so many pages, in ns. */
function watched(pages: number): { readonly scanNs: number; readonly collapseNs: number } {
  const world = new World({ geometry: x86_64, nodes: [4096], sizes: { 9: 'madvise' } });
  const { machine, system, daemon, range } = world;
  const mm = machine.createMm('watched');
  const start = mmap(machine, mm, { bytes: range });
  madviseNohugepage(machine, mm, start, range);
  touch(machine, mm, start, pages * PAGE, 7);
  madviseHugepage(machine, mm, start, range);
  let seen: { scanNs: number; collapseNs: number } | undefined;
  system.trace = ({ event }) => {
    const { cpuNs, totalCpuNs } = daemon.control.activity;
    if (event === 'mm_collapse_huge_page')
      seen ??= { scanNs: cpuNs.scan, collapseNs: totalCpuNs - cpuNs.scan - cpuNs.wake };
  };
  world.run(SECOND);
  if (!seen) throw new Error('nothing collapsed');
  return seen;
}

/** The costs that the simulated daemon has, with these three taken for others. */
const WRONG: Calibration = {
  ...DEFAULT_CALIBRATION,
  costs: {
    ...DEFAULT_CALIBRATION.costs,
    scanPte: { ns: 90, source: 'wrong' },
    copyPage: { ns: 5, source: 'wrong' },
    clearPage: { ns: 5000, source: 'wrong' },
  },
};

const workOf = (pages: readonly number[]) => {
  const all = pages
    .flatMap((each) => Array<number>(5).fill(each))
    .map((each) => ({ pages: each, ...watched(each) }));
  return {
    scansNs: all.map(({ scanNs }) => scanNs),
    collapses: all.map((each) => ({ pages: each.pages, ns: each.collapseNs })),
  };
};

describe('a calibration of what was watched', () => {
  const costs = valueOf(costsOf(DEFAULT_CALIBRATION, x86_64));
  const measured = (pages: readonly number[]) => {
    const calibration = watchedCalibration(workOf(pages), 'Linux 6.18, x64', x86_64, WRONG);
    return calibration?.costs ?? {};
  };
  const isNear = (ns: number, of: number) => expect(Math.abs(ns / of - 1)).toBeLessThan(0.1);

  test('finds the costs that the daemon has, with full ranges and hollow ones', () => {
    const { scanPte, copyPage, clearPage, allocation } = measured([16, 500]);
    isNear(scanPte.ns, costs.scanPte);
    isNear(copyPage.ns, costs.copyPage);
    isNear(clearPage.ns, costs.clearPage);
    expect(allocation).toEqual(DEFAULT_CALIBRATION.costs.allocation);
    expect(copyPage.source).toContain('measured: 10 collapses of 512 pages');
  });

  test('leaves clearing as it was where hardly anything was cleared', () => {
    const { copyPage, clearPage } = measured([512, 512]);
    isNear(copyPage.ns, costs.copyPage);
    expect(clearPage.source).toBe('wrong');
  });

  test('is a calibration that simulate takes, and none of too little', () => {
    const some = watchedCalibration(workOf([16, 500]), 'm', x86_64, DEFAULT_CALIBRATION);
    expect(some && costsOf(some, x86_64)).toMatchObject({ ok: true });
    expect(
      watchedCalibration({ scansNs: [9], collapses: [{ pages: 1, ns: 1 }] }, 'm', x86_64, WRONG),
    ).toBeUndefined();
  });
});
