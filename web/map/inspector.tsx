import { useSignal, useSignalEffect } from '@preact/signals';
import { pageBytes } from '../../src/core/memory/geometry.ts';
import type { RangeDetail } from '../memory/memory-worker-protocol.ts';
import { memory, memoryWorker } from '../memory/open-memory.ts';
import { choice, judgement } from '../policy/judgement.ts';
import { hovered, marked, selected, showRow } from './map-state.ts';
import { pteWords } from './pte-words.ts';
import { markedWords, rangeWords } from './range-words.ts';

/** What is selected, or else what is under the pointer, in words; what is marked, added up. */
export function Inspector({ onOpen }: { readonly onOpen: (row: number) => void }) {
  const detail = useSignal<RangeDetail | undefined>(undefined);
  useSignalEffect(() => {
    const row = selected.value ?? hovered.value?.row;
    const policy = choice.value;
    if (row === undefined || !memory.value) {
      detail.value = undefined;
      return;
    }
    void memoryWorker.detail(row, policy).then((answer) => {
      if ((selected.peek() ?? hovered.peek()?.row) === row) detail.value = answer;
    });
  });
  const open = memory.value;
  // What is selected stays when the pointer moves on.
  const row = selected.value ?? hovered.value?.row;
  if (!open || row === undefined || row >= open.rows) {
    return (
      <div class="inspector" id="map-inspector" role="group" aria-label="Range" tabIndex={0}>
        <p class="quiet">Point at a range, or move with the arrow keys.</p>
      </div>
    );
  }
  const shown = detail.value?.row === row ? detail.value : undefined;
  const words = rangeWords(open, judgement.value, row, shown);
  const pte = hovered.value?.row === row ? hovered.value?.pte : undefined;
  return (
    // It scrolls, and so has to be reachable by keyboard.
    <div class="inspector" id="map-inspector" role="group" aria-label="Range" tabIndex={0}>
      {selected.value === row && (
        <p class="inspector-actions">
          <button type="button" class="button" onClick={() => onOpen(row)}>
            Step through
          </button>
          <button type="button" class="button" onClick={() => showRow(row)}>
            Zoom to it
          </button>
        </p>
      )}
      {marked.value && <p>{markedWords(open, judgement.value, marked.value)}</p>}
      <p>
        <strong class="mono">{words.address}</strong> {words.where}
      </p>
      <dl aria-live={selected.value === undefined ? 'off' : 'polite'}>
        <dt>now</dt>
        <dd>{words.before}</dd>
        <dt>khugepaged</dt>
        <dd>{words.after}</dd>
        <dt>restart</dt>
        <dd>{words.restarted}</dd>
        {shown && pte !== undefined && (
          <>
            <dt>PTE {pte}</dt>
            <dd>
              <span class="mono">
                0x{(shown.range.address + pte * pageBytes(open.host.geometry)).toString(16)}
              </span>{' '}
              {pteWords(shown, pte)}
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
