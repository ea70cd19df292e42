import { formatDuration } from '../../src/core/base/duration.ts';
import { plural } from '../../src/core/base/plural.ts';
import { run } from './run-state.ts';

/** Where the run is, for ears as well as eyes. */
export function RunStatus() {
  const shown = run.value;
  const { series, end } = shown ?? {};
  const scans = (count: number) => plural(count, 'full scan');
  return (
    <>
      <div role="alert">{shown?.failure && <p class="failure">{shown.failure}</p>}</div>
      <div role="status" class="run-status">
        {shown?.state === 'running' && (
          <p>
            running
            {series && `: ${formatDuration(series.ranNs)} of virtual time, ${scans(series.fullScans)}`}
            {series?.untilNs !== undefined && ` of ${formatDuration(series.untilNs)}`}…
          </p>
        )}
        {end && (
          <p>
            {end.ending === 'stopped' ? 'stopped by you' : 'done'}: {formatDuration(end.ranNs)} of virtual
            time, {scans(end.fullScans)}
          </p>
        )}
      </div>
      {end && (
        <details class="run-settings">
          <summary>Settings and machine</summary>
          <p class="run-head mono">{end.head.join('; ')}</p>
        </details>
      )}
    </>
  );
}
