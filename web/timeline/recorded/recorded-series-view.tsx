import { useEffect, useMemo } from 'preact/hooks';
import { sum } from '../../../src/core/base/sum.ts';
import { formatSize } from '../../../src/core/memory/format-size.ts';
import { visit } from '../../start/sources.ts';
import { go } from '../../state/link.ts';
import { Charts } from '../charts/charts.tsx';
import { FigureList } from '../run-figures.tsx';
import { readServedSeries, servedId, shownSeries } from './recorded-series.ts';
import { chartsOfSeries, figuresOfSeries, timeOfSeries } from './series-charts.ts';
import type { RecordedSeries } from './series-json.ts';

/** Memory that was recorded again and again: what it came to, over time, snapshot by snapshot. */
export function RecordedSeriesView() {
  const id = servedId.value;
  useEffect(() => {
    if (id !== undefined) void readServedSeries(id);
  }, [id]);
  const shown = shownSeries.value;
  return (
    <div class="timeline">
      <div class="timeline-head">
        <h1>{shown?.state === 'read' ? shown.series.name : 'Recorded over time'}</h1>
        <button
          type="button"
          class="button"
          onClick={() => go('timeline', { scenario: undefined, moment: undefined })}
        >
          All scenarios
        </button>
      </div>
      {shown === undefined && (
        <p>
          A file of this machine is in no link: drop what{' '}
          <span class="mono">thpscope diff FOLDER --json</span> printed on this page once more.
        </p>
      )}
      {shown?.state === 'reading' && <p role="status">The server reads the snapshots …</p>}
      {shown?.state === 'failed' && <p role="alert">{shown.failure.message}</p>}
      {shown?.state === 'read' && <Series series={shown.series} />}
    </div>
  );
}

function Series({ series }: { readonly series: RecordedSeries }) {
  const charts = useMemo(() => chartsOfSeries(series), [series]);
  const time = useMemo(() => timeOfSeries(series), [series]);
  return (
    <>
      <FigureList figures={figuresOfSeries(series)} />
      <Charts charts={charts} time={time} />
      <StepTable series={series} />
    </>
  );
}

const COLUMNS = ['memory', 'huge', 'collapsed', 'filled', 'split', 'touched', 'freed', 'restarted'];

/** Snapshot by snapshot; those that the server has open on the map. */
function StepTable({
  series: { steps, from, pagesBefore, geometry, sources },
}: {
  readonly series: RecordedSeries;
}) {
  const size = (pages: number) => formatSize(pages, geometry);
  const held = (pages: readonly number[]) => [size(sum(pages)), size(sum(pages.slice(1)))];
  const rows = [
    { time: from, cells: [...held(pagesBefore), '', '', '', '', '', ''], settings: [] },
    ...steps.map((step) => ({
      time: step.to,
      cells: [
        ...held(step.pagesAfter),
        ...[step.collapsedPages, step.filledPages, step.splitPages, step.touchedPages, step.freedPages].map(
          size,
        ),
        String(step.restarted),
      ],
      settings: step.settings.map(({ file, before, after }) => `${file}: ${before} -> ${after}`),
    })),
  ];
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Snapshots">
      <table>
        <caption>Each snapshot, and what happened since the one before</caption>
        <thead>
          <tr>
            <th scope="col">read at (UTC)</th>
            {COLUMNS.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <th scope="col">settings that changed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ time, cells, settings }, row) => (
            <tr key={`${row} ${time}`}>
              <th scope="row">
                {sources[row] === undefined ? (
                  shortTime(time)
                ) : (
                  <button type="button" class="button" onClick={() => visit(`server:${sources[row]}`)}>
                    {shortTime(time)}
                  </button>
                )}
              </th>
              {cells.map((cell, at) => (
                <td key={COLUMNS[at]}>{cell}</td>
              ))}
              <td>{settings.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shortTime(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)}`;
}
