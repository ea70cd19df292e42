import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { type DigestJson, digestJson, digestOfJson } from '../../src/analysis/digest/digest-json.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { ZEN } from '../support/reach.ts';
import '../support/seed.ts';
import { streams } from './arbitraries.ts';
import { knownRanges, processItem, vmaItem } from './streams.ts';

const geometry = geometryOfPmdOrder(9);
const host = {
  kernelRelease: '7.2.0',
  time: '2026-01-01T00:00:00.000Z',
  geometry,
  settings: defaultSettings(geometry),
};

/** What is broken has no type. */
type Broken = ReturnType<typeof JSON.parse>;

/** Memory with a row for each kind of count: full windows, folios held and not, sharing, refused ranges. */
function digestOfEverything(): DigestJson {
  const collector = new DigestCollector(geometry, ZEN.pages);
  const items = [
    processItem(7),
    vmaItem({ end: 2 ** 30 + 2 ** 20 }),
    knownRanges([
      { present: '0-63,100' },
      { present: '64-127,200', folios: ['4@64-79'] },
      { present: 'all' },
      { present: '0-99', shared: '7' },
      { present: '0-63', shared: '0-31', folios: ['4@0-15'] },
      { present: '0-15', locked: '3' },
    ]),
    knownRanges([{ present: '0-9' }], 2 ** 30),
  ];
  for (const item of items) collector.add(item);
  const digest = { host, reach: ZEN, processes: collector.finish(), skipped: [], notes: [] };
  return JSON.parse(JSON.stringify(digestJson(digest)));
}

/** What is said of the digest after a change. */
function complaint(change: (process: Broken, digest: Broken) => void): string | undefined {
  const digest: Broken = digestOfEverything();
  change(digest.processes[0], digest);
  const read = digestOfJson(digest);
  return read.ok ? undefined : read.failure.message;
}

test('what was counted agrees with itself', () => {
  expect(complaint(() => {})).toBeUndefined();
});

describe('what no memory can have is refused, with the row that says it', () => {
  test.each<[string, (process: Broken, digest: Broken) => void, RegExp]>([
    ['fewer resident pages', (p) => p.residentPages--, /process 7: it has 831 resident pages, .* have 832$/],
    ['more resident pages', (p) => p.residentPages++, /it has 833 resident pages/],
    ['fewer ranges', (p) => p.ranges--, /it has 6 ranges, its rows and other ranges are 7$/],
    ['huge above resident', (p) => (p.hugePages = 1000), /1,000 pages in large folios, .* have 32 to 58$/],
    ['fewer huge pages', (p) => (p.hugePages = 15), /15 pages in large folios/],
    ['a row of no range', (p) => (p.unadvised.rows[0][0] = 513), /row 513 of unadvised is one of no range/],
    ['a row without ranges', (p) => (p.unadvised.rows[0][1] = 0), /row 65 of unadvised has no range/],
    ['a row twice', (p) => p.unadvised.rows.push([65, 1]), /row 65 of unadvised is there twice/],
    [
      'full windows above ranges',
      (p) => (p.unadvised.rows[0][2] = 40),
      /row 65 of unadvised has 40 full windows of order 2 in 2 ranges; one such range has 0 to 16$/,
    ],
    [
      'full windows of a full range missing',
      (p) => (p.unadvised.rows[1][3] = 63),
      /row 512 of unadvised has 63 full windows of order 3 in 1 range; one such range has 64 to 64$/,
    ],
    [
      'full windows above smaller ones',
      (p) => (p.unadvised.rows[0][2] = 15),
      /row 65 of unadvised has 15 full windows of order 2, fewer than lie in its 16 of order 3$/,
    ],
    ['full windows of no order', (p) => p.unadvised.rows[1].push(1), /row 512 .* full windows of no order/],
    [
      'any against ranges',
      (p) => p.unadvised.any[0][9]++,
      /'any' of unadvised has 4 windows of order 9 in 3 ranges$/,
    ],
    [
      'any against full',
      (p) => (p.unadvised.any[0][2] = 160),
      /'any' of unadvised has 160 windows of order 2, 160 of them full, for 642 pages$/,
    ],
    [
      'any against larger windows',
      (p) => (p.unadvised.any[0][3] = 200),
      /'any' of unadvised has 162 windows of order 2 that lie in 200 of order 3$/,
    ],
    ['any of no order', (p) => p.unadvised.any[0].push(1), /'any' of unadvised has windows of no order/],
    ['any of a page', (p) => (p.unadvised.any[0][0] = 1), /windows of orders 0 and 1/],
    ['held windows above any', (p) => (p.unadvised.any[1][4] = 99), /'any' .* its folios at order 4$/],
    ['pages in held windows', (p) => (p.unadvised.any[2][3] = 99), /'any' .* its folios at order 3$/],
    ['folios in others', (p) => (p.unadvised.any[3][5] = 17), /'any' .* its folios at order 5$/],
    [
      'folios in no window',
      (p) => p.unadvised.folios.rows.push([66, 4, 4, 1]),
      /in no window are folios of row 66 of unadvised/,
    ],
    [
      'folios of no order',
      (p) => (p.unadvised.folios.rows[0][31] = 1),
      /in no window are folios of row 65 of unadvised/,
    ],
    [
      'folios twice',
      (p) => p.unadvised.folios.rows.push(p.unadvised.folios.rows[0]),
      /twice there are folios of row 65 of unadvised/,
    ],
    [
      'held windows above full ones',
      (p) => (p.unadvised.folios.rows[0][3] = 33),
      /row 65 of unadvised has folios \[2, 2\] that its windows do not hold/,
    ],
    [
      'folios below none',
      (p) => (p.unadvised.folios.rows[0][3] = -99),
      /row 65 of unadvised has folios below 0/,
    ],
    [
      'pages in folios above those of the row',
      (p) => (p.unadvised.folios.rows[0][1] = 200),
      /row 65 of unadvised has 200 pages in large folios of 130/,
    ],
    [
      'entries saved above pages in folios',
      (p) => (p.unadvised.folios.rows[0][2] = 17),
      /row 65 of unadvised has more entries saved by folios than pages in them/,
    ],
    [
      'odd folios in no window',
      (p) => p.unadvised.folios.odd.push([65, 9, 9, 1, 0]),
      /in no window are odd folios \[65, 9, 9\] of unadvised/,
    ],
    [
      'odd folios twice',
      (p) => p.unadvised.folios.odd.push([65, 6, 6, 1, 0], [65, 6, 6, 1, 0]),
      /twice there are odd folios \[65, 6, 6\] of unadvised/,
    ],
    [
      'in a file of version 4: folios in no window',
      (p) => (p.unadvised.folios = [[66, 4, 4, 1, 0]]),
      /in no window are folios \[66, 4, 4\] of unadvised/,
    ],
    [
      'in a file of version 4: folios twice',
      (p) => (p.unadvised.folios = [65, 65].map((pages) => [pages, 2, 2, 4, 0, 0])),
      /twice there are folios \[65, 2, 2\] of unadvised/,
    ],
    [
      'a range of no geometry',
      (p) => (p.unadvised.apart[0].range.present = '600'),
      /process 7: range 1 of those kept whole: present: pages '600'/,
    ],
    [
      'present and in swap',
      (p) => (p.unadvised.apart[0].range.swap = '9'),
      /range 1 of those kept whole: page 9 is both present and in swap/,
    ],
    ['no such range', (p) => (p.unadvised.apart[0].count = 0), /range 1 of those kept whole .* 0 times/],
    [
      'a blocked range twice',
      (p) => p.unadvised.blocked.rows.push([64, 32, 0, 1]),
      /twice there is blocked row \[64, 32, 0\] of unadvised/,
    ],
    [
      'more shared than pages',
      (p) => (p.unadvised.blocked.rows[0][1] = 65),
      /no range is in blocked row \[64, 65, 0\]/,
    ],
    [
      'swap entries beside few pages',
      (p) => (p.unadvised.blocked.rows[0][2] = 1),
      /no range is in blocked row \[64, 32, 1\]/,
    ],
    [
      'blocked windows of no order',
      (p) => (p.unadvised.blocked.rows[0][20] = 1),
      /windows of no order are in blocked row \[64, 32, 0\]/,
    ],
    [
      'no blocked range',
      (p) => (p.unadvised.blocked.rows[0][3] = 0),
      /unadvised: blocked row \[64, 32, 0\] has no range/,
    ],
    [
      'large folios that are private',
      (p) => (p.unadvised.blocked.rows[0][4] = 33),
      /has 33 pages in large folios of 32 shared ones/,
    ],
    ['more saved than large', (p) => (p.unadvised.blocked.rows[0][5] = 17), /has 17 entries saved by folios/],
    [
      'more open windows than full ones',
      (p) => (p.unadvised.blocked.rows[0][7] = 17),
      /row \[64, 32, 0\] has 16 full windows of order 2, 17 of them open, in 1 range/,
    ],
    [
      'open windows above smaller ones',
      (p) => (p.unadvised.blocked.rows[0][7] = 7),
      /has 16 full windows of order 2, 7 of them open, fewer than lie in those of order 3/,
    ],
    [
      'blocked windows of no row',
      (p) => p.unadvised.blocked.any.push([1, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
      /blocked windows \[1, 0\] are of no row/,
    ],
    [
      'blocked windows twice',
      (p) => p.unadvised.blocked.any.push(p.unadvised.blocked.any[0]),
      /twice there are blocked windows \[32, 0, 2\]/,
    ],
    [
      'blocked windows of a page',
      (p) => (p.unadvised.blocked.any[0][2] = 1),
      /of no order are blocked windows \[32, 0, 1\]/,
    ],
    [
      'blocked windows missing',
      (p) => (p.unadvised.blocked.any = []),
      /blocked windows \[32, 0\] are missing/,
    ],
    [
      'pages in blocked ranges',
      (p) => p.unadvised.blocked.any.at(-1)[3]++,
      /have 65 pages in 1 range, the rows 64 in 1/,
    ],
    [
      'more open windows than private pages',
      (p) => (p.unadvised.blocked.any[0][3] = 33),
      /have 33 pages in 8 open windows of order 2/,
    ],
    [
      'more windows in open ones than pages',
      (p) => (p.unadvised.blocked.any[1][4] = 17),
      /have 17 windows of order 2 for 32 pages in open windows of order 3/,
    ],
    [
      'a reason of no kernel',
      (p) => (p.refused = { constructor: { ranges: 1, pages: 1 } }),
      /'refused' has a reason of no kernel: 'constructor'/,
    ],
    ['refused pages', (p) => (p.refused['vma-edge'].pages = 513), /513 pages in 1 range of 'vma-edge'/],
    ['a block of no order', (p) => (p.restart.unadvised.blocks[0][0] = 10), /block 10 .* is of no order/],
    [
      'a block twice',
      (p) => p.restart.unadvised.blocks.push(p.restart.unadvised.blocks[0]),
      /block \d in the restart of unadvised is there twice/,
    ],
    [
      'windows above touched pages',
      (p) => (p.restart.unadvised.blocks[0][2] = 999),
      /the restart of unadvised has 999 windows of order 2 for \d+ touched pages in block \d/,
    ],
    [
      'folios of no page',
      (p) => (p.restart.small.folioPages = [0, 0, 99999]),
      /the restart of small has more/,
    ],
    ['limits', (_, d) => (d.host.settings.maxPtesNone = 512), /its settings: max_ptes_none 512 is out of/],
  ])('%s', (_, change, message) => {
    expect(complaint(change)).toMatch(message);
  });
});

test('no count of a table can be changed alone without notice, but for what depends on nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      streams(geometry),
      fc.nat(),
      fc.integer({ min: 1, max: 2 ** 40 }),
      async (items, at, by) => {
        const collector = new DigestCollector(geometry, ZEN.pages);
        for (const item of items) collector.add(item);
        const digest: Broken = digestJson({
          host,
          reach: ZEN,
          processes: collector.finish(),
          skipped: [],
          notes: [],
        });
        const rows: number[][] = digest.processes.flatMap((p: Broken) => p.unadvised?.rows ?? []);
        if (rows.length === 0) return;
        // Another number of ranges, or of occupied pages, never agrees with the resident pages.
        rows[at % rows.length][at % 2] += by;
        expect(digestOfJson(digest).ok).toBe(false);
      },
    ),
    { numRuns: 200 },
  );
});
