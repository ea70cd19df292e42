import type { Marker } from './markers.ts';
import { formatMoment, lastNotAfter } from './run-params.ts';
import { goToMoment, run } from './run-state.ts';

const KINDS = { process: 'process', setting: 'setting', incident: 'could not', log: 'kernel log' } as const;

/** What happens when: each goes to its moment. */
export function MarkerList({ markers }: { readonly markers: readonly Marker[] }) {
  const moments = run.value?.end?.moments;
  return (
    <section class="marker-list" aria-labelledby="markers-title">
      <h2 id="markers-title">Events</h2>
      {markers.length === 0 && <p>Nothing happens but khugepaged.</p>}
      <ol>
        {markers.map(({ at, end, kind, text }, i) => (
          <li key={`${i} ${text}`} class={`marker-${kind}`}>
            <button
              type="button"
              disabled={!moments}
              onClick={() => moments && goToMoment(lastNotAfter(moments, at))}
            >
              <span class="marker-number" aria-hidden="true">
                {i + 1}
              </span>
              <span>
                <span class="marker-time mono">
                  {formatMoment(at)}
                  {end > at && ` – ${formatMoment(end)}`}
                </span>{' '}
                <span class="marker-kind">{KINDS[kind]}</span>
                <br />
                {text}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
