import { expect, test } from 'vitest';
import { readScenario } from '../../src/cli/simulate/scenario-file.ts';
import { hasPage } from '../../src/core/memory/occupancy.ts';
import { CODE_EMPTY, CODE_OTHER, CODE_SWAP, CODE_ZERO, codeOfOrder } from '../../src/core/memory/pte-code.ts';
import { viewRange } from '../../src/machine/page-tables/range-view.ts';
import { Frames } from '../../src/simulation/map-frames.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import type { SimulatedHost } from '../../src/simulation/simulated-host.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { event, MIB, onPages, S, small, stageOf, wantHuge } from './scenarios.ts';

const MS = 1e6;

/** A range of a process as viewRange sees it now; undefined for a range that is not there. */
function cellsNow(
  { system: { machine }, processes }: SimulatedHost,
  process: number,
  address: number,
): Uint8Array {
  const { mm } = processes[process];
  const pmd = mm.pmds.get(address / machine.rangeBytes);
  const cells = new Uint8Array(machine.rangePages).fill(CODE_EMPTY);
  if (!pmd) return cells;
  for (const area of mm.areas.overlapping(address, address + machine.rangeBytes)) {
    const { state, migrating } = viewRange(machine, area, pmd);
    for (let i = 0; i < cells.length; i++) {
      if (hasPage(state.facts.zero!, i)) cells[i] = CODE_ZERO;
      else if (hasPage(state.facts.present, i)) cells[i] = codeOfOrder(state.folioOrders![i]);
      else if (hasPage(state.facts.swap, i))
        cells[i] = hasPage(state.facts.guard!, i) || hasPage(migrating, i) ? CODE_OTHER : CODE_SWAP;
    }
  }
  return cells;
}

/** Runs a scenario; at its samples `every` ns, and at its end, notes all ranges as they are. */
function runWithFrames(scenario: Scenario, every = 100 * MS, seed = 1) {
  const host = stageOf(scenario, seed);
  const frames = new Frames(host);
  const held = new Map<number, Map<string, Uint8Array>>();
  const note = (at: number) => {
    const ranges = new Map<string, Uint8Array>();
    for (const [i, { mm }] of host.processes.entries()) {
      for (const number of mm.pmds.keys()) {
        const address = number * host.system.machine.rangeBytes;
        ranges.set(`${i}:${address}`, cellsNow(host, i, address));
      }
    }
    held.set(at, ranges);
  };
  const simulation = new Simulation(host, {
    seed,
    until: scenario.until,
    calibration: 'test',
    onEvent: (event) => frames.hear(event),
    onSample: (at) => {
      if (at % every === 0) note(at);
      frames.take(at);
    },
  });
  simulation.run();
  note(simulation.now);
  frames.finish(simulation.now);
  return { frames, held };
}

function framesEqualMachine({ frames, held }: ReturnType<typeof runWithFrames>): void {
  const rows = frames.rows();
  for (const [i, { at }] of frames.frames.entries()) {
    const ranges = held.get(at);
    if (!ranges) continue;
    const shown = rows.filter((row) => ranges.has(`${row.process}:${row.address}`));
    expect(shown.length, `ranges at ${at}`).toBe(ranges.size);
    for (const row of rows) {
      const expected = ranges.get(`${row.process}:${row.address}`);
      const { cells, residentPages } = frames.cellsAt(row, i);
      if (expected) {
        const isSame = Buffer.compare(cells, expected) === 0;
        if (!isSame) expect([...cells], `0x${row.address.toString(16)} at ${at}`).toEqual([...expected]);
      } else expect(residentPages).toBe(0);
    }
  }
}

test('frames hold what the machine held, whatever happens to memory, and after frames were dropped', () => {
  const scenario = small(
    [
      event(0, onPages('touch', { density: 0.5 }, 2 * S)),
      event(3 * S, { do: 'advise', mapping: 'heap', advice: 'hugepage' }),
      event(30 * S, onPages('dontneed', { density: 0.3, block: 16384, bytes: 8 * MIB }, 5 * S)),
      event(50 * S, onPages('pageout', { bytes: 4 * MIB })),
      event(70 * S, {
        do: 'fork',
        child: 'c',
        does: [{ at: S, action: onPages('touch', { density: 0.2 }) }],
      }),
      event(90 * S, { do: 'exit' }),
    ],
    { until: 120 * S },
  );
  const machine = { ...scenario.machine, swapBytes: 32 * MIB };
  const run = runWithFrames({ ...scenario, machine });
  // 1200 samples were taken: every second went, and then again.
  expect(run.frames.frames.length).toBeGreaterThan(256);
  expect(run.frames.frames.length).toBeLessThan(514);
  expect(run.frames.frames.at(-1)!.at).toBeGreaterThanOrEqual(120 * S);
  framesEqualMachine(run);
  const kinds = new Set(
    run.frames.rows().flatMap(({ versions }) => versions.flatMap((v) => [...v.cells.cells])),
  );
  expect([...kinds].sort((a, b) => a - b)).toEqual([CODE_EMPTY, codeOfOrder(0), codeOfOrder(9), CODE_SWAP]);
});

test.each([
  ['forking-server', 30 * S],
  ['memcg-limit', 120 * S],
  ['short-lived', 40 * S],
  ['scaled-creep', 60 * S],
] as const)('frames follow %s', async (name, until) => {
  framesEqualMachine(runWithFrames(await story(name, until), 1600 * MS));
});

async function story(name: string, until: number): Promise<Scenario> {
  const read = await readScenario({ path: name, name });
  if (!read.ok) throw new Error(read.failure.message);
  const { scenario } = read.value;
  return { ...scenario, until };
}

test('frames show what khugepaged swaps out of ranges that it does not deal with', () => {
  const events = [event(0, onPages('touch', { density: 0.3, seed: 1 })), event(S, wantHuge)];
  const scenario = small(events, { until: 60 * S });
  const [process] = scenario.processes;
  const run = runWithFrames({
    ...scenario,
    machine: { ...scenario.machine, swapBytes: 32 * MIB },
    // A range a wake-up: the others are changed behind its back.
    settings: [...scenario.settings, { file: 'khugepaged/pages_to_scan', value: '512' }],
    processes: [{ ...process, memoryMax: 8 * MIB }],
  });
  const { frames } = run.frames;
  // Nothing but khugepaged did anything.
  expect(frames.at(-1)!.processes[0].swapPages).toBeGreaterThan(0);
  expect(frames.filter(({ at }) => at < 2 * S).every(({ processes }) => processes[0].swapPages === 0)).toBe(
    true,
  );
  framesEqualMachine(run);
});

test('frames follow a story in which memory is short, and the same seed gives the same frames', async () => {
  const short = await story('swap-pressure', 20 * S);
  const run = runWithFrames(short, 1600 * MS, 7);
  framesEqualMachine(run);
  const again = runWithFrames(short, 1600 * MS, 7);
  expect(again.frames.rows()).toEqual(run.frames.rows());
  expect(again.frames.frames).toEqual(run.frames.frames);
  expect(runWithFrames(short, 1600 * MS, 8).frames.rows()).not.toEqual(run.frames.rows());
});
