import type { RunEnd } from './protocol.ts';

const TONE_WORDS = { plain: '', good: '', warn: 'note: ', bad: 'problem: ' } as const;

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
                  {TONE_WORDS[tone] && <span class="visually-hidden">{TONE_WORDS[tone]}</span>}
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
