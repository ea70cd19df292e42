import type { RunEnd } from './timeline-worker-protocol.ts';

/** What came of the run, in the words of `thpscope simulate`. */
export function ResultFacts({ end }: { readonly end: RunEnd }) {
  return (
    <section aria-labelledby="run-result">
      <h2 id="run-result">What came of it</h2>
      <dl class="run-facts">
        {end.facts.map(({ name, lines }, i) => (
          <div key={`${name} ${i}`}>
            <dt>{name}</dt>
            <dd>
              {lines.map(({ text, tone }) => (
                <p key={text} class={`tone-${tone}`}>
                  {text}
                </p>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      {end.notes.map((note) => (
        <p key={note} class="run-note">
          {note}
        </p>
      ))}
    </section>
  );
}
