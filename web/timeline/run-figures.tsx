import { runFiguresOf } from './figures.ts';
import type { RunSeries } from './timeline-worker-protocol.ts';

/** The answer in three figures. */
export function RunFigures({ series }: { readonly series: RunSeries }) {
  return (
    <dl class="run-figures">
      {runFiguresOf(series).map(({ name, value, about }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <strong>{value}</strong> <span>{about}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
