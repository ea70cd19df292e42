import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { SharedRun } from '../../src/core/memory/shared-runs.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { Host, MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { loadMemory } from '../../src/simulation/load-memory.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { checkMachine } from '../support/machine/check.ts';
import { rangeOf, valueOf } from '../support/ranges.ts';

const RANGE = 2 ** 21;
const START = 0x7f00_0000_0000;

const HOST: Host = {
  name: 'host',
  bootId: 'boot',
  kernelRelease: '7.2.0',
  time: '2026-01-01T00:00:00Z',
  geometry: x86_64,
  settings: defaultSettings(x86_64),
};

interface Sharer {
  readonly flags?: readonly string[];
  readonly start?: number;
  readonly runs: readonly SharedRun[] | undefined;
  readonly folios?: readonly string[];
  readonly pmdMapped?: boolean;
}

/** Processes with one full range each, of which pages 300 to 511 are shared, or as the runs say. */
async function* family(...sharers: Sharer[]): AsyncGenerator<MemoryItem> {
  for (const [
    i,
    { flags = ['rd', 'wr', 'hg'], start = START, runs, folios, pmdMapped },
  ] of sharers.entries()) {
    const process = { pid: i + 1, startTime: 1, command: `p${i + 1}`, cgroup: '/', thpDisabled: false };
    yield { kind: 'process', process };
    const vma = { start, end: start + RANGE, name: '', anonymous: true, flags, thpEligible: undefined };
    yield { kind: 'vma', vma: { ...vma, rssBytes: RANGE, swapBytes: 0 } };
    const none = { zero: '', unreferenced: '', pinned: '', lazyfree: '', locked: '', uffd: '', guard: '' };
    const shared = pmdMapped ? '0-511' : '300-511';
    const range = rangeOf({ ...none, present: '0-511', shared, address: start, folios, pmdMapped });
    yield { kind: 'ranges', ranges: [{ ...range, sharedRuns: runs }] };
  }
}

const run = (repeats: boolean, mappings = 2): SharedRun[] => [
  { offset: 300, pages: 212, id: 1, mappings, repeats },
];

async function load(...sharers: Sharer[]) {
  const options = {
    model: KERNEL_MODELS['linux-7.2'],
    calibration: DEFAULT_CALIBRATION,
    registered: 'all' as const,
  };
  const { host } = valueOf(await loadMemory(family(...sharers), HOST, options));
  expect(checkMachine(host.system.machine)).toEqual([]);
  const memory = () => host.system.machine.rootMemcg.usage;
  const rss = () => host.processes.map(({ mm }) => mm.rssPages);
  const settle = () => {
    const report = new Simulation(host, { seed: 1, until: 'settled', calibration: 'test' }).run();
    expect(checkMachine(host.system.machine)).toEqual([]);
    return report;
  };
  return { host, memory, rss, settle };
}

const ONLY_ADVISED = ['rd', 'wr', 'nh'];

describe('processes that share pages by fork', () => {
  test('have one page of each, and no owner besides', async () => {
    const { host, memory, rss, settle } = await load({ runs: run(false) }, { runs: run(true) });
    expect(memory()).toBe(300 + 300 + 212);
    expect(rss()).toEqual([512, 512]);
    expect(host.system.machine.mms.size).toBe(2);
    const { start } = settle();
    expect(start?.shared).toEqual({ inside: 212, outside: 0, unnamed: 0 });
    // The copy of the last one frees the originals.
    expect(memory()).toBe(1024);
    expect(rss()).toEqual([512, 512]);
  });

  test('keep the originals where one of them does not collapse', async () => {
    const { memory, settle } = await load({ runs: run(false) }, { runs: run(true), flags: ONLY_ADVISED });
    settle();
    expect(memory()).toBe(300 + 300 + 212 + 212);
  });

  test('share with others, too, whom somebody stands for', async () => {
    const { host, memory, settle } = await load({ runs: run(false, 3) }, { runs: run(true, 3) });
    expect(memory()).toBe(300 + 300 + 212);
    expect(host.system.machine.mms.size).toBe(3);
    settle();
    expect(memory()).toBe(512 + 512 + 212);
  });

  test('are apart where nothing tells which pages they share', async () => {
    const { host, memory, settle } = await load({ runs: undefined }, { runs: undefined });
    expect(memory()).toBe(1024);
    expect(host.system.machine.mms.size).toBe(4);
    expect(settle().start?.shared).toEqual({ inside: 0, outside: 0, unnamed: 424 });
  });

  test('share them wherever a redacted recording has put their addresses', async () => {
    const { memory, rss, settle } = await load(
      { runs: run(false) },
      { runs: run(true), start: START + 7 * RANGE },
    );
    expect(memory()).toBe(300 + 300 + 212);
    settle();
    expect(memory()).toBe(1024);
    expect(rss()).toEqual([512, 512]);
  });

  test('share folios, by one PMD entry or by PTEs', async () => {
    const whole = (repeats: boolean): SharedRun[] => [{ offset: 0, pages: 512, id: 1, mappings: 2, repeats }];
    const folios = ['9@0-511'];
    const leaf = { folios, pmdMapped: true };
    for (const second of [leaf, { folios, pmdMapped: false }]) {
      const { memory, rss } = await load({ runs: whole(false), ...leaf }, { runs: whole(true), ...second });
      expect(memory()).toBe(512);
      expect(rss()).toEqual([512, 512]);
    }
  });
});
