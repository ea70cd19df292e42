import './timeline.css';
import { useEffect, useMemo } from 'preact/hooks';
import { memory } from '../memory/open-memory.ts';
import { NoMemory } from '../start/no-memory.tsx';
import { formatLink, go, linkTo } from '../state/link.ts';
import { chartsOf, timeOfRun } from './charts/chart-data.ts';
import { Charts } from './charts/charts.tsx';
import { SampleTable } from './charts/sample-table.tsx';
import { MarkerList } from './marker-list.tsx';
import { MomentMap } from './moment-map.tsx';
import { isRecordedSeries } from './recorded/recorded-series.ts';
import { RecordedSeriesCards } from './recorded/recorded-series-cards.tsx';
import { RecordedSeriesView } from './recorded/recorded-series-view.tsx';
import { ResultFacts } from './result-facts.tsx';
import { RunFigures } from './run-figures.tsx';
import { RunForm } from './run-form.tsx';
import { OPEN_MEMORY, paramsOfRun, runParamsOf } from './run-params.ts';
import { asked, followRunLinks, run } from './run-state.ts';
import { RunStatus } from './run-status.tsx';
import { SCENARIOS } from './scenarios.ts';
import { Scrubber } from './scrubber.tsx';
import type { RunSeries } from './timeline-worker-protocol.ts';

/** khugepaged over time, on a scenario or on the open memory. */
export function TimelineView() {
  useEffect(followRunLinks, []);
  const { scenario } = asked.value;
  if (scenario === undefined) return <Chooser />;
  return isRecordedSeries(scenario) ? <RecordedSeriesView /> : <RunView />;
}

/** Begins anew: what was asked of another scenario is forgotten. */
function choose(scenario: string | undefined): void {
  go('timeline', { ...paramsOfRun(runParamsOf({ scenario })), moment: undefined });
}

function Chooser() {
  const open = memory.value;
  return (
    <div class="timeline-chooser">
      <h1>What happens over time?</h1>
      <p>
        khugepaged of the chosen kernel on a simulated machine, in virtual time: when is it done, what does it
        cost on the way, what does it go on to cost? Choose what processes do.
      </p>
      {open && (
        <>
          <h2>The open memory</h2>
          <ul class="cards">
            <li>
              <button
                type="button"
                class="card"
                disabled={!open.complete}
                onClick={() => choose(OPEN_MEMORY)}
              >
                <strong>{open.name}</strong>
                <span>nothing happens to it but khugepaged, under the policy that is chosen on the map</span>
              </button>
            </li>
          </ul>
        </>
      )}
      <RecordedSeriesCards />
      <h2>Scenarios</h2>
      <ul class="cards scenario-cards">
        {SCENARIOS.map(({ name, title, about }) => (
          <li key={name}>
            <button type="button" class="card" onClick={() => choose(name)}>
              <strong>{title}</strong>
              <span class="mono">{name}</span>
              <span>{firstSentence(about)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function firstSentence(text: string): string {
  return (/^.*?[.:](?=\s)/s.exec(text)?.[0] ?? text).replace(/:$/, '.');
}

function RunView() {
  const shown = run.value;
  const { scenario } = asked.value;
  const bundled = SCENARIOS.find(({ name }) => name === scenario);
  const isMemory = scenario === OPEN_MEMORY;
  return (
    <div class="timeline">
      <div class="timeline-head">
        <h1>
          {bundled?.title ??
            (isMemory ? (memory.value?.name ?? 'The open memory') : `No scenario ${scenario}`)}
        </h1>
        <button type="button" class="button" onClick={() => choose(undefined)}>
          All scenarios
        </button>
      </div>
      {bundled && <About text={bundled.about} />}
      {isMemory && memory.value && <AboutMemory />}
      {isMemory && !memory.value && <NoMemory />}
      {shown?.series && <RunFigures series={shown.series} />}
      <RunForm key={JSON.stringify(asked.value)} />
      <RunStatus />
      {shown?.series && (
        <>
          <Scrubber />
          <div class="timeline-stage">
            <RunCharts series={shown.series} />
            {shown.end && <MomentMap end={shown.end} />}
          </div>
          <div class="timeline-columns">
            {shown.end && <ResultFacts end={shown.end} />}
            <MarkerList markers={shown.series.markers} />
          </div>
          <SampleTable series={shown.series} />
        </>
      )}
    </div>
  );
}

function RunCharts({ series }: { readonly series: RunSeries }) {
  const charts = useMemo(() => chartsOf(series), [series]);
  const time = useMemo(() => timeOfRun(series), [series]);
  return <Charts charts={charts} time={time} />;
}

/** What happens in a story: its first sentence, and the rest for whoever asks. */
function About({ text }: { readonly text: string }) {
  const first = firstSentence(text);
  const rest = text.slice(first.length).trim();
  return (
    <details class="timeline-about">
      <summary>{first}</summary>
      {rest && <p>{rest}</p>}
    </details>
  );
}

function AboutMemory() {
  return (
    <details class="timeline-about">
      <summary>
        Nothing happens to this memory but khugepaged, under the policy that is{' '}
        <a
          href={formatLink(linkTo('map'))}
          onClick={(event) => {
            event.preventDefault();
            go('map');
          }}
        >
          chosen on the map
        </a>
        .
      </summary>
      <p>
        The simulated machine is not the recorded one: it has memory for these processes and for all that
        khugepaged may do to them, in large free blocks.
      </p>
    </details>
  );
}
