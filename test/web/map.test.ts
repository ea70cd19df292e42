import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import { RangeTable } from '../../src/analysis/table/range-table.ts';
import { judgeTable } from '../../src/analysis/table/table-judge.ts';
import { restartedState } from '../../src/core/fault/restart.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { orderSet } from '../../src/core/memory/order.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { FILLED, orderColor } from '../../src/render/svg/palette.ts';
import { findPlace, findPlaces, missWords, placeName, processRows } from '../../web/map/find.ts';
import { addSums, vmaSums } from '../../web/map/lists/row-sums.ts';
import { centerOn, fitCamera, pan, zoomAt } from '../../web/map/picture/camera.ts';
import {
  fadedPainter,
  type Layer,
  legendOf,
  type OwnLayer,
  pixel,
  rowPainter,
} from '../../web/map/picture/layers.ts';
import { largestBlocks, layoutOf, placeOfRow, rowAtPlace } from '../../web/map/picture/layout.ts';
import { minimapOf, placeOnMinimap } from '../../web/map/picture/minimap.ts';
import { eachSeenSpan, paintMap } from '../../web/map/picture/raster.ts';
import { RowColors } from '../../web/map/picture/row-colors.ts';
import { nextStandingOut } from '../../web/map/picture/standing-out.ts';
import { pteWords } from '../../web/map/pte-words.ts';
import { rangeWords } from '../../web/map/range-words.ts';
import type { Judgement } from '../../web/memory/memory-worker-protocol.ts';
import type { OpenMemory } from '../../web/memory/open-memory.ts';
import { choiceOf } from '../../web/policy/choice.ts';
import { runPolicyOf } from '../../web/policy/run-policy.ts';
import { processItem, rangesItem, vmaItem } from '../analysis/streams.ts';
import { rangeOf } from '../support/ranges.ts';

const processes = fc
  .array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 })
  .map((lengths) => {
    let first = 0;
    return lengths.map((length, process) => ({ process, first, end: (first += length) }));
  });
const shapes = fc.double({ min: 0.1, max: 10, noNaN: true });

/** The colour of the only row of some memory. */
function rowColor(...of: Parameters<typeof rowPainter>): number {
  const colors = new Uint32Array(1);
  rowPainter(...of)(colors, 0, 1);
  return colors[0];
}

describe('layout', () => {
  test('every range has a place of its own, and the place finds the range', () => {
    fc.assert(
      fc.property(processes, shapes, (blocks, shape) => {
        const layout = layoutOf(blocks, shape);
        const seen = new Set<string>();
        const misplaced: number[] = [];
        for (const { first, end } of blocks) {
          for (let row = first; row < end; row += 7) {
            const { x, y } = placeOfRow(layout, row);
            seen.add(`${x} ${y}`);
            const isInside = x < layout.columns && y + 1 <= layout.lines;
            if (rowAtPlace(layout, x + 0.5, y + 0.5) !== row || !isInside) misplaced.push(row);
          }
        }
        expect(misplaced).toEqual([]);
        expect(seen.size).toBe(blocks.reduce((sum, { first, end }) => sum + Math.ceil((end - first) / 7), 0));
        expect(rowAtPlace(layout, -0.5, 1)).toBeUndefined();
        expect(rowAtPlace(layout, 0.5, layout.lines + 1)).toBeUndefined();
      }),
    );
  });

  test('a wider gap leaves room for names', () => {
    const [narrow, wide] = [0.5, 3].map((gap) => layoutOf([{ process: 0, first: 0, end: 500 }], 2, gap));
    expect(wide.blocks[0].top).toBe(3);
    expect(wide.lines).toBeGreaterThan(narrow.lines);
    expect(wide.lines).toBe(wide.blocks[0].lines + 6);
  });

  test('no other number of columns makes larger cells', () => {
    const viewport = { width: 900, height: 480, aspect: 2 };
    const blocks = [{ process: 0, first: 0, end: 162 }];
    const layout = layoutOf(blocks, 900 / 2 / 480);
    const { scale } = fitCamera(layout, viewport);
    for (let columns = 1; columns <= 162; columns++) {
      const lines = Math.ceil(162 / columns) + 2 * layout.gap;
      expect(Math.min(900 / (2 * columns), 480 / lines)).toBeLessThanOrEqual(scale + 1e-9);
    }
  });

  test('of many processes a list holds the largest, in the order of the map', () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({
      process: i,
      first: 2 * i + Math.max(0, i - 4990),
      end: 2 * (i + 1) + Math.max(0, i - 4989),
    }));
    const { blocks } = layoutOf(many, 2);
    expect(largestBlocks(blocks, 3).map(({ process }) => process)).toEqual([4990, 4991, 4992]);
    expect(largestBlocks(blocks, 10).map(({ process }) => process)).toEqual(
      Array.from({ length: 10 }, (_, i) => 4990 + i),
    );
    expect(largestBlocks(blocks, 5000)).toBe(blocks);
  });

  test('1 TiB has room for a range a pixel', () => {
    const layout = layoutOf([{ process: 0, first: 0, end: 524_288 }], 900 / 2 / 500);
    const { scale } = fitCamera(layout, { width: 900, height: 500, aspect: 2 });
    expect(scale * scale * 2).toBeGreaterThan(0.7);
  });
});

describe('camera', () => {
  const layout = layoutOf([{ process: 0, first: 0, end: 5000 }], 2);
  const viewport = { width: 800, height: 500, aspect: 2 };

  test('zooming keeps what is under the pointer', () => {
    const start = centerOn(layout, viewport, 40, 50, 25);
    fc.assert(
      fc.property(
        fc.double({ min: 1.05, max: 4, noNaN: true }),
        fc.integer({ min: 0, max: 800 }),
        fc.integer({ min: 0, max: 500 }),
        (factor, px, py) => {
          const next = zoomAt(start, layout, viewport, factor, px, py);
          expect(next.x + px / (next.scale * 2)).toBeCloseTo(start.x + px / (start.scale * 2));
          expect(next.y + py / next.scale).toBeCloseTo(start.y + py / start.scale);
        },
      ),
    );
  });

  test('no move leaves the map, and zooming out ends with all of it', () => {
    const close = zoomAt(fitCamera(layout, viewport), layout, viewport, 30, 400, 250);
    const far = pan(close, layout, viewport, -1e6, -1e6);
    expect(far.x + 800 / (far.scale * 2)).toBeCloseTo(layout.columns);
    expect(far.y + 500 / far.scale).toBeCloseTo(layout.lines);
    expect(zoomAt(far, layout, viewport, 0, 0, 0)).toEqual(fitCamera(layout, viewport));
  });
});

function openMemory(): OpenMemory {
  const table = new RangeTable(x86_64);
  for (const pid of [7, 8]) {
    table.add(processItem(pid));
    table.add(vmaItem({ start: 0x10000000, end: 0x10800000 }));
    for (const address of [0x10000000, 0x10400000])
      table.add(rangesItem(rangeOf({ present: '0-3', address })));
  }
  return { ...table, name: 'test', host: { geometry: x86_64 } } as unknown as OpenMemory;
}

describe('minimap', () => {
  const map = layoutOf([{ process: 0, first: 0, end: 10_000 }], 2);
  const view = { width: 900, height: 500, aspect: 2 };
  const whole = fitCamera(map, view);

  test('is there while not all of the map is seen', () => {
    expect(minimapOf(map, view, whole)).toBeUndefined();
    expect(minimapOf(map, view, { ...whole, scale: 2 * whole.scale })).toBeDefined();
  });

  test('leads to the place that it shows: what is seen lies around the pixel', () => {
    const close = centerOn(map, view, 5 * whole.scale, map.columns / 2, map.lines / 2);
    const before = minimapOf(map, view, close);
    if (!before) throw new Error('no minimap');
    const { box } = before;
    for (const [px, py] of [
      [box.x + 0.3 * box.width, box.y + 0.6 * box.height],
      [box.x + 0.5 * box.width, box.y + 0.5 * box.height],
    ]) {
      const place = placeOnMinimap(before, view, px, py);
      if (!place) throw new Error('beside it');
      const seen = minimapOf(map, view, centerOn(map, view, close.scale, place.x, place.y))?.seen;
      expect(seen && seen.x + seen.width / 2).toBeCloseTo(px, 3);
      expect(seen && seen.y + seen.height / 2).toBeCloseTo(py, 3);
    }
    expect(placeOnMinimap(before, view, box.x - 1, box.y + 1)).toBeUndefined();
  });
});

describe('find', () => {
  const memory = openMemory();

  test.each([
    ['8:0x10400fff', 3, true],
    ['8:10400000', 3, true],
    ['0x10000000', 0, true],
    ['10200fff', 0, false],
    ['103f0000', 1, false],
    ['8:0xffffffffffff', 3, false],
    [' 7:0x1 ', 0, false],
  ])('%s', (text, row, exact) => {
    expect(findPlace(memory, text)).toEqual({ row, exact });
  });

  test.each([
    ['7', [0]],
    ['8', [2]],
    [' 7 ', [0]],
    ['0x8', [0]],
    ['10000000-10800000', [0, 2]],
    ['8:0x10400000-0x10400fff', [3]],
    ['10600000-10800000', []],
    ['10800000-20000000', []],
    ['', []],
    ['8:0x10400fff', [3]],
  ])('%j names rows %j', (text, rows) => {
    expect(findPlaces(memory, text).map(({ row }) => row)).toEqual(rows);
  });

  test('names of processes and VMAs are found, each once', () => {
    const table = new RangeTable(x86_64);
    for (const [pid, name] of [
      [7, '[heap]'],
      [8, '/usr/lib/libc.so.6'],
    ] as const) {
      table.add(processItem(pid));
      table.add(vmaItem({ start: 0x10000000, end: 0x10200000 }));
      table.add(rangesItem(rangeOf({ present: '0-3', address: 0x10000000 })));
      table.add(vmaItem({ start: 0x20000000, end: 0x20200000, name }));
      table.add(rangesItem(rangeOf({ present: '0-3', address: 0x20000000 })));
      table.add(vmaItem({ start: 0x30000000, end: 0x30200000, name }));
    }
    const named = { ...table, name: 'test', host: { geometry: x86_64 } } as unknown as OpenMemory;
    const rows = (text: string) => findPlaces(named, text).map(({ row }) => row);
    expect(rows('[heap]')).toEqual([1]);
    expect(rows('LIBC')).toEqual([3]);
    expect(rows('P8')).toEqual([2]);
    expect(rows('p')).toEqual([0, 1, 2]);
    expect(rows('no such')).toEqual([]);
  });

  test('what was not found is said', () => {
    const words = (text: string) => missWords(findPlaces(memory, text), text);
    expect(words('10200fff')).toMatch('nearest');
    expect(words('9:0x10000000')).toMatch('process 9');
    expect(words('9:0x10000000-0x20000000')).toMatch('process 9');
    expect(words('0x30000000-0x40000000')).toMatch('no page in that range');
    expect(words('heap')).toMatch('no process, VMA or address');
    expect(words('8:0x10400fff')).toBe('');
  });

  test.each(['', 'heap', '9:0x10000000', '0x', '-1'])('not found: %j', (text) => {
    expect(findPlace(memory, text)).toBeUndefined();
  });

  test('a range that two VMAs share is found in either', () => {
    const table = new RangeTable(x86_64);
    table.add(processItem(7));
    for (const [start, end] of [
      [0x10000000, 0x10300000],
      [0x10300000, 0x10310000],
      [0x10310000, 0x10800000],
    ]) {
      table.add(vmaItem({ start, end }));
      table.add(rangesItem(rangeOf({ present: '0-3', address: 0x10200000 })));
    }
    const shared = { ...table, name: 'test', host: { geometry: x86_64 } } as unknown as OpenMemory;
    for (const row of [0, 1, 2])
      expect(findPlace(shared, placeName(shared, row))).toEqual({ row, exact: true });
  });

  test('each range is found by its name', () => {
    expect(processRows(memory)).toEqual([
      { process: 0, first: 0, end: 2 },
      { process: 1, first: 2, end: 4 },
    ]);
    for (const row of [0, 1, 2, 3]) expect(findPlace(memory, placeName(memory, row))?.row).toBe(row);
  });
});

describe('picture', () => {
  const layout = layoutOf([{ process: 0, first: 0, end: 4 }], 1);
  const scene = {
    layout,
    rowColors: Uint32Array.of(11, 12, 13, 14),
    tiles: undefined,
    pteColors: new Uint32Array(256),
    only: undefined,
    pageColor: 9,
  };

  test('a pixel has the colour of the range at its middle', () => {
    const viewport = { width: 8, height: 12, aspect: 2 };
    const pixels = new Uint32Array(96);
    paintMap(
      { ...scene, layout: { ...layout, columns: 2 }, viewport, camera: { x: 0, y: 0, scale: 2 } },
      pixels,
    );
    const lines = Array.from({ length: 6 }, (_, line) => [...pixels.subarray(8 * line, 8 * (line + 1))]);
    expect(lines[0]).toEqual(Array.from({ length: 8 }, () => 9));
    expect(lines[1]).toEqual([11, 11, 11, 11, 12, 12, 12, 12]);
    expect(lines[3]).toEqual([13, 13, 13, 13, 14, 14, 14, 14]);
  });

  test('ranges that share a pixel are mixed', () => {
    const viewport = { width: 1, height: 4, aspect: 1 };
    const pixels = new Uint32Array(4);
    const rowColors = Uint32Array.of(0xff000010, 0xff000030, 0xff002000, 0xff002000);
    const wide = {
      columns: 2,
      lines: 3,
      gap: 0.5,
      blocks: [{ process: 0, first: 0, end: 4, top: 0.5, lines: 2 }],
    };
    paintMap({ ...scene, rowColors, layout: wide, viewport, camera: { x: 0, y: 0, scale: 0.5 } }, pixels);
    expect([...pixels]).toEqual([0xff000020, 0xff002000, 9, 9]);
  });

  test('rows that are not seen need no colour: the picture is the same without', () => {
    const camera = fc.record({
      zoom: fc.double({ min: 1, max: 30, noNaN: true }),
      x: fc.double({ min: 0, max: 1, noNaN: true }),
      y: fc.double({ min: 0, max: 1, noNaN: true }),
      first: fc.integer({ min: 0, max: 39 }),
      columns: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(processes, shapes, camera, (blocks, shape, { zoom, x, y, first, columns }) => {
        const map = layoutOf(blocks, shape);
        const rows = blocks[blocks.length - 1].end;
        const viewport = { width: 40, height: 30, aspect: 2 };
        const part = { first, end: Math.min(40, first + columns) };
        const scale = zoom * fitCamera(map, viewport).scale;
        const at = centerOn(map, viewport, scale, x * map.columns, y * map.lines);
        const painter = (colors: Uint32Array, from: number, end: number) => {
          for (let row = from; row < end; row++) colors[row] = 0xff000000 + row + 1;
        };
        const [all, seen] = [new RowColors(rows, painter), new RowColors(rows, painter)];
        all.want(0, rows);
        const pictures = [all, seen].map(({ colors }) => {
          const pixels = new Uint32Array(40 * 30);
          const own = { ...scene, layout: map, rowColors: colors, viewport, camera: at };
          if (colors === seen.colors) eachSeenSpan(own, part, (from, end) => seen.want(from, end));
          paintMap(own, pixels, part);
          return pixels;
        });
        expect(pictures[1]).toEqual(pictures[0]);
      }),
    );
  });

  test('a range that stands out is seen among others that share its pixel', () => {
    const viewport = { width: 1, height: 1, aspect: 1 };
    const pixels = new Uint32Array(1);
    const rowColors = Uint32Array.of(0xff000010, 0xff000020, 0xff0000f0, 0xff000030);
    const one = {
      columns: 4,
      lines: 1,
      gap: 0,
      blocks: [{ process: 0, first: 0, end: 4, top: 0, lines: 1 }],
    };
    const only = { refusals: Uint8Array.of(1, 1, 2, 1), code: 2, fadedPtes: new Uint32Array(256) };
    paintMap(
      { ...scene, rowColors, layout: one, viewport, only, camera: { x: 0, y: 0, scale: 0.25 } },
      pixels,
    );
    expect([...pixels]).toEqual([0xff0000f0]);
    const rest = new Uint32Array(4);
    fadedPainter((colors, first, end) => void colors.fill(100, first, end), only, 0xffffffff)(rest, 0, 4);
    expect([rest[2], rest[0] === 100]).toEqual([100, false]);
    expect([1, 2, 3].map((from) => nextStandingOut(only, from, 1))).toEqual([2, 2, 2]);
    expect(nextStandingOut({ ...only, code: 9 }, undefined, 1)).toBeUndefined();
  });

  test('PTEs are painted where they lie', () => {
    const viewport = { width: 8, height: 8, aspect: 2 };
    const tiles = {
      indexOf: new Map([[0, 0]]),
      codes: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7),
      pages: 8,
      columns: 4,
    };
    const pteColors = Uint32Array.from({ length: 256 }, (_, code) => 100 + code);
    const pixels = new Uint32Array(64);
    const one = {
      columns: 1,
      lines: 3,
      gap: 0,
      blocks: [{ process: 0, first: 0, end: 1, top: 0, lines: 1 }],
    };
    paintMap({ ...scene, layout: one, tiles, pteColors, viewport, camera: { x: 0, y: 0, scale: 3 } }, pixels);
    expect([...new Set(pixels.subarray(0, 6))]).toEqual([100, 101, 102, 103]);
    expect([...new Set(pixels.subarray(16, 22))]).toEqual([104, 105, 106, 107]);
  });
});

describe('growth', () => {
  const open = (resident: number, growth: number) => {
    const memory = {
      rows: 1,
      host: { geometry: x86_64 },
      residentPages: Uint16Array.of(resident),
      mainOrders: Uint8Array.of(0),
    } as unknown as OpenMemory;
    const judgement = {
      rows: 1,
      mainOrders: Uint8Array.of(9),
      growthPages: Uint16Array.of(growth),
    } as unknown as Judgement;
    return (layer: OwnLayer, dark: boolean) => channels(rowColor(layer, memory, judgement, dark));
  };
  const channels = (color: number) => [color & 255, (color >>> 8) & 255, (color >>> 16) & 255];
  const distance = (a: readonly number[], b: readonly number[]) =>
    Math.hypot(...a.map((value, i) => value - b[i]));

  test.each([false, true])(
    'is never the colour of memory that does not grow, however little; dark %s',
    (dark) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 5, max: 511 }),
          fc.constantFrom<OwnLayer>('after', 'growth'),
          (growth, layer) => {
            const grows = open(512 - growth, growth)(layer, dark);
            const inUse = open(512, 0)(layer, dark);
            // One page in a hundred moves the colour by a tenth of the way to pink.
            expect(distance(grows, [...FILLED])).toBeLessThan(0.95 * distance(inUse, [...FILLED]));
          },
        ),
      );
    },
  );

  test('a range that is nearly all filled is pink', () => {
    expect(distance(open(1, 511)('after', false), [...FILLED])).toBeLessThan(5);
    expect(distance(open(1, 511)('growth', true), [...FILLED])).toBeLessThan(5);
  });

  test('has a layer in which sizes play no part', () => {
    expect(open(100, 0)('growth', false)).not.toEqual(open(100, 0)('after', false));
    expect(legendOf('growth', 9, false).map(({ name }) => name)).toEqual([
      'in use now',
      'filled by khugepaged: empty now',
    ]);
  });
});

test('a PTE is called what the terminal calls it', () => {
  const range = rangeOf({ present: '0-3', swap: '4-5', guard: '5', zero: '1', uffd: '2', unreferenced: '2' });
  const detail = { row: 0, range, ignored: undefined, plan: undefined, after: range, restarted: range };
  expect([0, 1, 2, 4, 5, 6].map((pte) => pteWords(detail, pte))).toEqual([
    'a small page',
    'zero page',
    'a small page, not recently used, userfaultfd',
    'not present (swap)',
    'not present (swap), guard marker',
    'empty',
  ]);
});

describe('after a restart', () => {
  const range = rangeOf({ present: '8-11,100', swap: '200' });
  const items = [processItem(7), vmaItem({ start: 4096, end: 2 ** 30 }), rangesItem(range)];
  const table = new RangeTable(x86_64);
  for (const item of items) table.add(item);
  const choice = { ...choiceOf(defaultSettings(x86_64), x86_64, 'linux-7.2'), always: orderSet([2, 6, 9]) };
  const judged = judgeTable(table, runPolicyOf(choice));
  const judgement: Judgement = { ...judged, choice, rows: 1 };
  const memory = { ...table, name: 'test', host: { geometry: x86_64 } } as unknown as OpenMemory;
  const restarted = restartedState(range, { start: 1, end: 2 ** 18 }, orderSet([2, 6, 9]));
  const detail = { row: 0, range, ignored: 'vma-edge' as const, plan: undefined, after: range, restarted };

  test('a range at the edge of its VMA is said by what page faults leave, khugepaged apart', () => {
    const words = rangeWords(memory, judgement, 0, detail);
    expect(words.after).toContain('stays as it is');
    expect(words.restarted).toBe(
      'page faults leave at most 132 pages: 2 of 256K, 1 of 16K, grows by at most 508K',
    );
    expect(rangeWords(memory, judgement, 0, undefined).restarted).toBe(
      'page faults leave at most 132 pages: most in folios of 256K, grows by at most 508K',
    );
    expect(rangeWords(memory, undefined, 0, undefined).restarted).toBe('…');
  });

  test('its VMA and its process are what it is, or not known before it is judged', () => {
    const [vma] = vmaSums(memory, judgement);
    expect(vma).toMatchObject({ ranges: 1, judged: 1, collapsing: 0, mainRefusal: 'vma-edge' });
    expect(addSums([vma, vma])).toEqual({
      ranges: 2,
      judged: 2,
      collapsing: 0,
      residentPages: 10,
      growthPages: 0,
      restartGrowthPages: 254,
    });
    expect(vmaSums(memory, undefined)[0]).toMatchObject({ residentPages: 5, judged: 0, growthPages: 0 });
  });

  test('its colour is that of the folios that page faults leave', () => {
    const color = (layer: OwnLayer) => rowColor(layer, memory, judgement, false);
    const full = (order: number) => pixel(orderColor(order, 9));
    expect(color('restart')).not.toBe(color('after'));
    expect(color('after')).toBe(color('before'));
    // A range that is in use whole has the pure colour of its order; one that is filled has not.
    const whole = { ...judgement, restartOrders: Uint8Array.of(9), restartGrowthPages: Uint16Array.of(0) };
    const inUse = { ...memory, residentPages: Uint16Array.of(512) };
    expect(rowColor('restart', inUse, whole, false)).toBe(full(9));
    const filled = { ...whole, restartGrowthPages: Uint16Array.of(507) };
    expect(rowColor('restart', memory, filled, false)).not.toBe(full(9));
  });

  test('the legend and a PTE say who filled it', () => {
    const names = (layer: Layer) => legendOf(layer, 9, false).map(({ name }) => name);
    expect(names('restart')).toContain('filled by page faults: empty now');
    expect(names('restart')).not.toContain('swapped');
    expect(names('after')).toContain('filled by khugepaged: empty now');
    expect(pteWords(detail, 101)).toBe('empty; after a restart in a folio of 256K');
    expect(pteWords(detail, 100)).toBe('a small page; after a restart in a folio of 256K');
    expect(pteWords(detail, 400)).toBe('empty');
  });
});
