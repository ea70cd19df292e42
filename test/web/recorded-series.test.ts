import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sum } from '../../src/core/base/sum.ts';
import { chartsOfSeries, figuresOfSeries, timeOfSeries } from '../../web/timeline/recorded/series-charts.ts';
import { type RecordedSeries, readSeriesJson } from '../../web/timeline/recorded/series-json.ts';
import { valueOf } from '../support/ranges.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-series-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What `diff FOLDER --json` prints of the two readings of the examples. */
function printed(): string {
  for (const [name, at] of [
    ['before', '100000'],
    ['after', '110000'],
  ])
    copyFileSync(`examples/pair/${name}.parquet`, join(folder, `20261127T${at}Z.parquet`));
  return execFileSync(process.execPath, ['dist/cli/main.js', 'diff', folder, '--json'], { encoding: 'utf8' });
}

describe('a recorded series', () => {
  const text = printed();
  const json = JSON.parse(text);
  const series: RecordedSeries = valueOf(readSeriesJson(text, 'nightly', ['0', '1']));

  test('is what diff prints', () => {
    expect(series.geometry).toEqual({ pageShift: 12, pmdOrder: 9 });
    expect(series.steps).toHaveLength(1);
    expect(sum(series.pagesBefore)).toBe(sum(Object.values<number>(json.steps[0].pagesBefore)));
    expect(series.steps[0].collapsedPages).toBe(sum(Object.values<number>(json.steps[0].collapsedPages)));
  });

  test('is drawn to its last snapshot, which charts show beyond its moment', () => {
    const time = timeOfSeries(series);
    const [memory, collapsed] = chartsOfSeries(series);
    expect(time.seconds).toHaveLength(3);
    expect(time.end).toBeGreaterThan(time.seconds[1]);
    expect(time.end).toBeLessThan(time.seconds[2]);
    for (const { values } of [...memory.series, ...collapsed.series]) expect(values).toHaveLength(3);
    const top = memory.series[0].drawn;
    expect(top.map((bytes) => bytes / 4096)).toEqual(
      [series.pagesBefore, series.steps[0].pagesAfter, series.steps[0].pagesAfter].map((pages) => sum(pages)),
    );
    expect(figuresOfSeries(series)[0].about).toContain('2 snapshots');
  });

  test.each([
    ['', 'nothing'],
    ['[]', 'a list'],
    ['null', 'null'],
    ['{"schema":"thpscope/diff@1"}', 'another schema'],
    ['{"schema":"thpscope/diff-series@1","steps":[]}', 'no step'],
    [
      '{"schema":"thpscope/diff-series@1","pageBytes":4096,"pmdOrder":9,"steps":[{}]}',
      'a step without pages',
    ],
  ])('%s is none: %s', (wrong) => {
    expect(readSeriesJson(wrong, 'wrong.json')).toMatchObject({
      ok: false,
      failure: { message: 'wrong.json: is no series; thpscope diff FOLDER --json prints one' },
    });
  });
});
