import { useEffect } from 'preact/hooks';
import { plural } from '../../../src/core/base/plural.ts';
import { findServedSeries, goToSeries, servedSeries } from './recorded-series.ts';

/** Series that the server has; what else is one. */
export function RecordedSeriesCards() {
  useEffect(() => void findServedSeries(), []);
  const series = servedSeries.value;
  return (
    <>
      <h2>Recorded over time</h2>
      <p>
        What a machine really did: snapshots that <span class="mono">capture --every 10m</span> wrote. Drop
        what <span class="mono">thpscope diff FOLDER --json</span> printed on this page, or serve the folder.
      </p>
      {series.length > 0 && (
        <ul class="cards">
          {series.map(({ id, name, sources }) => (
            <li key={id}>
              <button type="button" class="card" onClick={() => goToSeries(id)}>
                <strong>{name}</strong>
                <span>{plural(sources.length, 'snapshot')}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
