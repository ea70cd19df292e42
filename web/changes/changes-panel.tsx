import { SURPRISES } from '../../src/analysis/difference/foretold.ts';
import type { ReadingDifference } from '../../src/analysis/difference/reading-difference.ts';
import { percent } from '../../src/core/base/percent.ts';
import { grouped, plural } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { cutWords, missedLines, roundsWords, SURPRISE_WORDS } from '../../src/render/words/diff-words.ts';
import { printable } from '../../src/render/words/printable.ts';
import { firstChoice } from '../policy/choice.ts';
import { choice } from '../policy/judgement.ts';
import { PolicyFields } from '../policy/policy-panel.tsx';
import { foretold } from './changes-state.ts';
import type { ComparedReadings, ForetoldAnswer } from './changes-worker-protocol.ts';

/** What the policy said of the earlier reading and what became of it; what changed around the memory. */
export function ChangesPanel({ both }: { readonly both: ComparedReadings }) {
  const said = foretold.value;
  return (
    <aside class="panel policy" aria-label="Policy" tabIndex={0}>
      <section class="policy-outcome" aria-labelledby="changes-foretold">
        <h2 id="changes-foretold">Did it come true?</h2>
        {said ? <Foretold both={both} said={said} /> : <p class="policy-note">…</p>}
      </section>
      <PolicyFields host={both.after} />
      <Settings settings={both.difference.settings} />
      <Counters difference={both.difference} />
      {both.notes.length > 0 && (
        <section aria-labelledby="changes-unseen">
          <h2 id="changes-unseen">Not seen</h2>
          <ul class="policy-unseen">
            {both.notes.map((note) => (
              <li key={note}>{printable(note)}</li>
            ))}
          </ul>
        </section>
      )}
    </aside>
  );
}

function Foretold({ both, said }: { readonly both: ComparedReadings; readonly said: ForetoldAnswer }) {
  const { geometry } = both.difference.memory;
  const { predicted, happened, surprises } = said.total;
  const size = (pages: number) => formatSize(pages, geometry);
  const inForce = JSON.stringify(firstChoice(both.after)) === JSON.stringify({ ...choice.value });
  const cut = cutWords(said.total, geometry);
  const rounds = roundsWords(said.total, both.difference.fullScans);
  const besides = SURPRISES.filter((surprise) => surprises[surprise] > 0);
  return (
    <>
      <p class="policy-note">
        What khugepaged was to do to the earlier reading under the policy below
        {inForce ? ', which was in force at the later one.' : '. It was not in force at the later one.'}
      </p>
      <dl>
        <dt>predicted</dt>
        <dd>
          <strong>{size(predicted.pages)}</strong> <span>in {plural(predicted.windows, 'collapse')}</span>
        </dd>
        <dt>came true</dt>
        <dd>
          <strong>{size(happened.pages)}</strong>{' '}
          <span>
            {predicted.pages > 0 && percent(happened.pages, predicted.pages)}
            {cut && `; ${cut}`}
          </span>
        </dd>
        {missedLines(said.total).map(({ name, pages, words }) => (
          <Fact key={words} name={name} size={size(pages)} words={words} />
        ))}
        {besides.map((surprise) => (
          <Fact
            key={surprise}
            name="besides"
            size={size(surprises[surprise])}
            words={SURPRISE_WORDS[surprise]}
          />
        ))}
      </dl>
      {rounds && <p class="policy-note">{sentence(rounds)}</p>}
    </>
  );
}

function Fact({
  name,
  size,
  words,
}: {
  readonly name: string;
  readonly size: string;
  readonly words: string;
}) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <strong>{size}</strong> <span>{words}</span>
      </dd>
    </>
  );
}

function Settings({ settings }: Pick<ReadingDifference, 'settings'>) {
  if (settings.length === 0) return null;
  return (
    <section aria-labelledby="changes-settings">
      <h2 id="changes-settings">Settings that changed</h2>
      <dl class="changes-facts">
        {settings.map(({ file, before, after }) => (
          <div key={file}>
            <dt class="mono">{file}</dt>
            <dd>
              {before} → {after}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What the kernel counted of the whole machine meanwhile. */
function Counters({ difference: { boot, counters } }: { readonly difference: ReadingDifference }) {
  if (boot !== 'same') return null;
  return (
    <section aria-labelledby="changes-counters">
      <h2 id="changes-counters">Counters of the machine</h2>
      {!counters || counters.length === 0 ? (
        <p class="policy-note">
          {counters
            ? 'None about huge pages moved.'
            : 'One of the readings has none: an older version wrote it.'}
        </p>
      ) : (
        <dl class="changes-facts">
          {counters.map(({ name, before, after, isGauge }) => (
            <div key={name}>
              <dt class="mono">{name.replace('vmstat/', '')}</dt>
              <dd>
                {isGauge
                  ? `${grouped(before)} → ${grouped(after)}`
                  : `${after < before ? '−' : '+'}${grouped(Math.abs(after - before))}`}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function sentence(words: string): string {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}
