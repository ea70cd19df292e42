import type { ComponentChildren } from 'preact';
import { plural } from '../../src/core/base/plural.ts';
import { FAULT_PRESETS } from '../faults/faults-presets.ts';
import { go } from '../state/link.ts';
import { PRESET_GROUPS } from '../steps/steps-presets.ts';
import { SCENARIOS } from '../timeline/scenarios.ts';
import { EXAMPLES, type Example } from './examples.ts';
import { FileButton } from './file-button.tsx';
import { connected } from './live.ts';
import { RedisStory } from './redis-story.tsx';
import { type ServerSource, serverSources, visit } from './sources.ts';
import './start.css';

/** What there is to look at: memory of yours, recorded programs, cases of Steps, stories of Timeline. */
export function StartView() {
  const served = serverSources.value;
  return (
    <div class="start-page">
      <h1>What will transparent huge pages do to this memory?</h1>
      <div class="start-first">
        <RedisStory />
        <section aria-labelledby="start-yours">
          <h2 id="start-yours">Memory of yours</h2>
          <p>
            <code>thpscope capture -p PID -o FILE</code> records a process, <code>--all</code> a machine. Drop
            the file here, or choose it: it is read in this page and goes nowhere else. Two files are
            compared.
          </p>
          <p>
            <FileButton />
          </p>
          {served.length > 0 && (
            <Cards title="From this server">
              {served.map((source) => (
                <Card
                  key={source.id}
                  title={source.name}
                  says={kindOf(source)}
                  facts={factsOfSource(source)}
                  onOpen={() => visit(`server:${source.id}`)}
                />
              ))}
              <ServedPair served={served} />
            </Cards>
          )}
        </section>
      </div>
      <Cards title="Recorded programs">
        {EXAMPLES.map((each) => (
          <Card
            key={each.id}
            title={each.title}
            says={each.what}
            facts={factsOf(each)}
            onOpen={() => visit(`example:${each.id}`)}
          />
        ))}
      </Cards>
      <Cards title="Before and after">
        <Card
          title="Three programs, 75 seconds apart"
          says="a cache collapses and grows, a server frees and touches, a table gives back parts of its huge pages"
          onOpen={() => visit('example:after', 'changes', { before: 'example:before' })}
        />
      </Cards>
      <Cards title="One range, step by step">
        {[...PRESET_GROUPS.slice(0, 2).flatMap(({ presets }) => presets), ...FAULT_PRESETS]
          .filter(({ id }) => CASES.includes(id))
          .map(({ id, title, look, params }) => (
            <Card key={id} title={title} says={look} onOpen={() => go('steps', params)} />
          ))}
      </Cards>
      <Cards title="Over time">
        {SCENARIOS.map(({ name, title }) => (
          <Card key={name} title={title} onOpen={() => go('timeline', { scenario: name })} />
        ))}
      </Cards>
    </div>
  );
}

/** Of two snapshots that are served, what changed between them. */
function ServedPair({ served }: { readonly served: readonly ServerSource[] }) {
  if (served.length !== 2 || served.some(({ live }) => live)) return null;
  const [before, after] = served.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
  return (
    <Card
      title="What changed between them"
      says={`from ${before.name} to ${after.name}`}
      onOpen={() => visit(`server:${after.id}`, 'changes', { before: `server:${before.id}` })}
    />
  );
}

/** Cases of Steps that say most to somebody who comes here first. */
const CASES: readonly string[] = ['example', 'one-page', 'all-fail', 'fault-pmd'];

function Cards({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      <ul class="cards start-cards">{children}</ul>
    </section>
  );
}

interface CardProps {
  readonly title: string;
  readonly says?: string;
  readonly facts?: string;
  readonly onOpen: () => void;
}

function Card({ title, says, facts, onOpen }: CardProps) {
  return (
    <li>
      <button type="button" class="card" onClick={onOpen}>
        <strong>{title}</strong>
        {says && <span>{says}</span>}
        {facts && <span class="card-facts">{facts}</span>}
      </button>
    </li>
  );
}

function factsOf({ processes, inUse, growth, kernel, date }: Example): string {
  const count = plural(processes, 'process', 'processes');
  return `${count}, ${inUse} in use; kernel default: +${growth}; Linux ${kernel}, ${date}`;
}

function factsOfSource({ host, time, ranges }: ServerSource): string {
  const at = `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
  return [host, `read ${at}`, `at most ${plural(ranges, 'PMD range')}`]
    .filter((each) => each !== '')
    .join(', ');
}

function kindOf({ live, gone }: ServerSource): string {
  if (!live) return 'a snapshot';
  if (!connected.value) return 'the server does not answer';
  return gone === undefined ? 'live, read again every now and then' : 'ended: as it was last';
}
