import { describe, expect, test } from 'vitest';
import { codeOfOrder } from '../../src/core/memory/pte-code.ts';
import { styleOf } from '../../src/render/text/layout/style.ts';
import { steadyLines } from '../../src/render/text/simulate/simulate-steady.ts';
import { summaryLines } from '../../src/render/text/simulate/simulate-summary.ts';
import { Frames } from '../../src/simulation/map-frames.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { chartsOf, strokesOf, timeOfRun } from '../../web/timeline/charts/chart-data.ts';
import { colorOf } from '../../web/timeline/charts/uplot-options.ts';
import { zoomAround } from '../../web/timeline/charts/zoom.ts';
import { factsOf, MARKED } from '../../web/timeline/facts.ts';
import { eventMarkers, troubleMarkers } from '../../web/timeline/markers.ts';
import { cellsOf, mapOf, momentOf } from '../../web/timeline/run-map.ts';
import {
  formatMoment,
  momentIndex,
  momentParam,
  paramsOfRun,
  runParamsOf,
} from '../../web/timeline/run-params.ts';
import { layOutTiles, rowAtPoint, rowBeside, tilePlaceOf } from '../../web/timeline/tile-layout.ts';
import { paintTiles, pixelColors } from '../../web/timeline/tile-paint.ts';
import type { RunSeries } from '../../web/timeline/timeline-worker-protocol.ts';
import { event, MIB, onPages, S, small, stageOf, wantHuge } from '../simulation/scenarios.ts';
import { contrastOf, readPageColors } from './contrast.ts';

/** A heap that is half full, is collapsed, and forks; the parent exits. */
const STORY = small(
  [
    event(0, onPages('touch', { density: 0.5, seed: 3 })),
    event(S, wantHuge),
    event(30 * S, {
      do: 'fork',
      child: 'c',
      does: [{ at: S, action: onPages('dontneed', { bytes: 4 * MIB, density: 0.5, block: 65536 }, 2 * S) }],
    }),
    event(40 * S, { do: 'exit' }),
  ],
  { until: 60 * S },
);

function runStory() {
  const host = stageOf(STORY);
  const frames = new Frames(host);
  const simulation = new Simulation(host, {
    seed: 1,
    until: 60 * S,
    calibration: 'test',
    onSample: (at) => frames.take(at),
    onEvent: (each) => frames.hear(each),
  });
  const report = simulation.run();
  frames.finish(simulation.now);
  const { machine } = host.system;
  const series: RunSeries = {
    geometry: machine.geometry,
    memoryPages: machine.frames.count,
    swapSlots: machine.swap.slots,
    ranNs: simulation.now,
    untilNs: 60 * S,
    fullScans: simulation.fullScans,
    samples: report.samples,
    markers: [],
  };
  return { host, frames, report, series };
}

describe('the link of a run', () => {
  test('says what differs from the ordinary, and is read back', () => {
    const run = runParamsOf({ scenario: 'go-heap', seed: '7', until: '2h', simOrders: '2-9', simNone: '0' });
    expect(run).toEqual({
      scenario: 'go-heap',
      seed: 7,
      until: '2h',
      orders: '2-9',
      maxPtesNone: '0',
      kernel: '',
    });
    expect(runParamsOf(paramsOfRun(run))).toEqual(run);
    expect(paramsOfRun(runParamsOf({ scenario: 'go-heap', seed: '-3' }))).toEqual({
      scenario: 'go-heap',
      seed: undefined,
      until: undefined,
      simOrders: undefined,
      simNone: undefined,
      simKernel: undefined,
    });
  });

  test('a moment is the last one that is not after it, and leads back to itself', () => {
    const moments = [0, 100e6, 200e6, 350_000_123, 60e9];
    for (const [i, at] of moments.entries()) expect(momentIndex(moments, momentParam(at))).toBe(i);
    expect(momentIndex(moments, '349ms')).toBe(2);
    expect(momentIndex(moments, '2h')).toBe(4);
    expect(momentIndex(moments, undefined)).toBe(4);
    expect(momentIndex(moments, 'soon')).toBe(4);
    expect(momentIndex([], '1s')).toBe(0);
  });

  test('moments are told apart where samples are close', () => {
    expect([0, 1.2e9, 45.2e9, 59.96e9, 61.6e9, 600e9, 5000e9].map(formatMoment)).toEqual([
      '0s',
      '1.2s',
      '45.2s',
      '1m',
      '1m 1.6s',
      '10m',
      '1h 23m',
    ]);
  });
});

test('facts are the lines of thpscope simulate, none lost', () => {
  const { report } = runStory();
  const lines = (style: typeof MARKED) => [...summaryLines(report, style), ...steadyLines(report, style)];
  const facts = factsOf(lines(MARKED));
  const words = (text: string) => text.split(/\s+/).filter(Boolean);
  expect(
    facts.flatMap(({ name, lines }) => words(`${name} ${lines.map(({ text }) => text).join(' ')}`)),
  ).toEqual(words(lines(styleOf(false)).join(' ')));
  expect(facts.map(({ name }) => name)).toContain('full scans');
  // Each of these is a sentence of its own, though none begins like one.
  expect(
    factsOf(['  from now on   2 folios thrown away', '                mmap lock held 2 times'])[0].lines,
  ).toHaveLength(2);
  expect(
    factsOf(['  write lock    held once, 1us together,', '                1us at the longest'])[0].lines,
  ).toHaveLength(1);
  const rss = facts.find(({ name }) => name === 'RSS');
  expect(rss?.lines[0]).toMatchObject({ tone: 'warn', text: expect.stringContaining('filled') });
});

test('markers say who does what when, and how long', () => {
  const repeated = {
    ...event(2 * S, onPages('touch', { bytes: MIB, density: 0.05, block: 65536 })),
    times: 3,
    every: S,
  };
  const setting = {
    ...event(S, { do: 'set', setting: { file: 'enabled', value: 'never' } }),
    process: undefined,
  };
  const markers = eventMarkers([repeated, setting]);
  expect(markers).toEqual([
    { kind: 'setting', at: S, end: S, text: 'enabled = never' },
    {
      kind: 'process',
      at: 2 * S,
      end: 4 * S,
      text: 'p: touch heap (1M, 5% of it, in blocks of 64K), 3 times, every 1s',
    },
  ]);
  expect(
    troubleMarkers(
      [{ at: 5, process: 'p', what: 'touch heap', stop: 'oom', times: 2 }],
      [{ at: 3, text: 'a warning' }],
    ).map(({ text }) => text),
  ).toEqual(['kernel: a warning', 'p could not touch heap: out of memory, 2 times']);
});

test('charts add up to the samples', () => {
  const { series } = runStory();
  const charts = chartsOf(series);
  const { samples } = series;
  expect(timeOfRun(series).seconds).toEqual(samples.map(({ at }) => at / 1e9));
  const chart = (id: string) => charts.find((each) => each.id === id)!;
  const [top] = chart('memory').series;
  expect(top.drawn).toEqual(
    samples.map(({ pagesByOrder }) => 4096 * pagesByOrder.reduce((sum, pages) => sum + pages, 0)),
  );
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const last = samples.at(-1)!;
  const attempts = chart('attempts').series;
  expect(attempts.map(({ label, values }) => [label, sum(values)])).toEqual([
    ['failed', last.attempts - last.collapses],
    ['collapsed', last.collapses],
  ]);
  expect(sum(chart('locks').series[0].values)).toBe(last.writeLock.totalNs);
  expect(Math.max(...chart('cpu').series[0].values)).toBeLessThan(1);
});

test.each(['light', 'dark'] as const)(
  'every line of a chart stands out from what is beside it, %s',
  (scheme) => {
    const { series } = runStory();
    const colors = readPageColors(scheme);
    const neighbours = chartsOf(series).flatMap((chart) => {
      const strokes = strokesOf(chart);
      return strokes.flatMap(({ series: line, isCasing }, i) => {
        if (line.isArea || isCasing) return [];
        const areas = chart.series.filter(({ isArea }) => isArea).map(({ ink }) => colorOf(ink, 9, colors));
        const beside = strokes[i - 1]?.isCasing ? [colors.page] : [colors.page, ...areas];
        return beside.map(
          (other) => [chart.id, line.label, contrastOf(colorOf(line.ink, 9, colors), other)] as const,
        );
      });
    });
    expect(neighbours.map(([, label]) => label)).toContain('RSS');
    expect(neighbours.filter(([, , contrast]) => contrast < 3)).toEqual([]);
  },
);

describe('the map at a moment', () => {
  const { host, frames } = runStory();
  const rows = frames.rows();
  const map = mapOf(rows, host.processes);

  test('has the ranges of each process, at every moment in the same place', () => {
    expect(map.processes.map(({ name, first, end }) => [name, end - first])).toEqual([
      ['p', 8],
      ['c', 8],
    ]);
    expect(map.areaNames).toEqual(['[anon:heap]']);
    const before = momentOf(frames, rows, 0);
    expect(before.processes).toHaveLength(1);
    const after = momentOf(frames, rows, frames.frames.length - 1);
    expect(after.processes.map(({ exited }) => exited)).toEqual([true, false]);
    expect(after.residentPages.slice(0, 8)).toEqual(new Uint16Array(8));
    expect(after.residentPages.slice(8).reduce((sum, pages) => sum + pages, 0)).toBe(
      after.processes[1].rssPages,
    );
    expect(after.mainCells.slice(8)).toEqual(new Uint8Array(8).fill(codeOfOrder(9)));
    expect(after.cells!.slice(9 * 512, 10 * 512)).toEqual(cellsOf(frames, rows, frames.frames.length - 1, 9));
  });

  test('is laid out so that every range has a place, and every place its range', () => {
    const moment = momentOf(
      frames,
      rows,
      frames.frames.findIndex(({ at }) => at >= 35 * S),
    );
    for (const [width, hasCells] of [
      [1200, true],
      [340, true],
      [340, false],
    ] as const) {
      const layout = layOutTiles(map, moment.processes, 9, width, hasCells);
      expect(layout.isDetailed).toBe(hasCells);
      for (let row = 0; row < 16; row++) {
        const { x, y } = tilePlaceOf(layout, row)!;
        expect(x + layout.tileWidth).toBeLessThanOrEqual(width);
        expect(y + layout.tileHeight).toBeLessThanOrEqual(layout.height);
        expect(rowAtPoint(layout, x + layout.tileWidth / 2, y + layout.tileHeight / 2)).toBe(row);
      }
      expect(rowBeside(layout, 0, 'ArrowRight')).toBe(1);
      expect(rowBeside(layout, 7, 'ArrowRight')).toBe(8);
      expect(rowBeside(layout, 8, 'ArrowLeft')).toBe(7);
      expect(rowBeside(layout, 0, 'ArrowLeft')).toBe(0);
    }
  });

  test('is painted PTE by PTE', () => {
    const index = frames.frames.findIndex(({ at }) => at >= 35 * S);
    const moment = momentOf(frames, rows, index);
    const layout = layOutTiles(map, moment.processes, 9, 600, true);
    const nothing = [236, 238, 241] as const;
    const pixels = new Uint32Array(layout.width * layout.height);
    paintTiles(pixels, layout, moment, 9, nothing, 1);
    const colors = pixelColors(9, nothing);
    for (const row of [0, 8, 15]) {
      const { x, y } = tilePlaceOf(layout, row)!;
      const cells = cellsOf(frames, rows, index, row);
      for (const pte of [0, 31, 32, 200, 511]) {
        const left = x + (pte % 32) * layout.cell;
        const top = y + Math.floor(pte / 32) * layout.cell;
        expect(pixels[top * layout.width + left]).toBe(colors[cells[pte]]);
      }
    }
  });

  test('a map of 64 GiB takes one cell a range, and fits', () => {
    const many = 32_768;
    const large = {
      processes: [{ name: 'database', id: 1, first: 0, end: many }],
      addresses: new Float64Array(many),
      areaOf: new Uint16Array(many),
      areaNames: ['buffers'],
    };
    const living = [{ rssPages: 1, swapPages: 0, exited: false }];
    for (const width of [340, 930]) {
      const layout = layOutTiles(large, living, 9, width, false);
      expect(layout.isDetailed).toBe(false);
      expect(tilePlaceOf(layout, many - 1)!.y).toBeLessThan(layout.height);
      expect(layout.height).toBeLessThan(2000);
    }
  });
});

test('zooming stays inside the run, and out of all is all', () => {
  expect(zoomAround(undefined, 1 / 2, 10, 100)).toEqual({ min: 0, max: 50 });
  expect(zoomAround({ min: 40, max: 60 }, 1 / 2, 50, 100)).toEqual({ min: 45, max: 55 });
  expect(zoomAround({ min: 0, max: 60 }, 2, 50, 100)).toBeUndefined();
  expect(zoomAround({ min: 99, max: 100 }, 1 / 1024, 100, 100)).toEqual({ min: 99.609375, max: 100 });
});
