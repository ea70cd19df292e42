import { plural } from '../../src/core/base/plural.ts';
import { ASSUMPTIONS } from '../../src/core/memory/range-state.ts';
import { printable } from '../../src/render/words/printable.ts';
import type { OpenMemory } from '../memory/open-memory.ts';
import { tallied } from './judgement.ts';

/** Processes that could not be read are named one by one when there are few. */
const NAMED = 5;

/** What the source could not see, and what is assumed in its place. */
export function Unseen({ memory }: { readonly memory: OpenMemory }) {
  const { notes, skipped, complete } = memory;
  const assumed = [...(tallied.value?.total.unknown ?? [])];
  if (notes.length + skipped.length + assumed.length === 0 && complete) return null;
  return (
    <section aria-labelledby="policy-unseen">
      <h2 id="policy-unseen">Not seen</h2>
      <ul class="policy-unseen">
        {!complete && <li>The memory is not read to its end: all numbers are of what is there so far.</li>}
        {notes.map((note) => (
          <li key={note}>{printable(note)}</li>
        ))}
        {skipped.slice(0, NAMED).map(({ pid, reason }) => (
          <li key={pid}>{printable(reason)}</li>
        ))}
        {skipped.length > NAMED && (
          <li>{plural(skipped.length - NAMED, 'other process', 'other processes')} could not be read</li>
        )}
        {assumed.length > 0 && (
          <li>
            Assumed, because it could not be seen:
            <ul>
              {assumed.map((fact) => (
                <li key={fact}>{ASSUMPTIONS[fact]}</li>
              ))}
            </ul>
          </li>
        )}
      </ul>
    </section>
  );
}
