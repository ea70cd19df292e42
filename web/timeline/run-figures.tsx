import { type Figure, runFiguresOf } from './figures.ts';
import type { RunSeries } from './timeline-worker-protocol.ts';

/** The answer of a run in three figures. */
export function RunFigures({ series }: { readonly series: RunSeries }) {
  return <FigureList figures={runFiguresOf(series)} />;
}

/** An answer in some figures. */
export function FigureList({ figures }: { readonly figures: readonly Figure[] }) {
  return (
    <dl class="run-figures">
      {figures.map(({ name, value, about }) => (
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
