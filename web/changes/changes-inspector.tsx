import { rangeBytes } from '../../src/core/memory/geometry.ts';
import { printable } from '../../src/render/words/printable.ts';
import { hovered, selected, showRow } from '../map/map-state.ts';
import { FORETOLD_TITLES, readingWords, rowWords } from './change-words.ts';
import { comparedReadings, foretold } from './changes-state.ts';
import { FORETOLD_KINDS } from './changes-worker-protocol.ts';

/** What is selected, or else what is under the pointer, at both readings. */
export function ChangesInspector() {
  const both = comparedReadings.value;
  const row = selected.value ?? hovered.value?.row;
  if (!both || row === undefined || row >= both.rows.addresses.length)
    return (
      <div class="inspector" role="group" aria-label="Range" tabIndex={0}>
        <p class="quiet">
          Point at a range, or move with the arrow keys. Press a colour of the legend to see it alone.
        </p>
      </div>
    );
  const { rows, difference } = both;
  const { geometry } = difference.memory;
  const { vma, process } = rows.vmas[rows.vmaOf[row]];
  const { command, pid } = rows.processes[process];
  const address = rows.addresses[row];
  const hex = (value: number) => `0x${value.toString(16)}`;
  const kind = FORETOLD_KINDS[foretold.value?.kinds[row] ?? 0];
  return (
    // It scrolls, and so has to be reachable by keyboard.
    <div class="inspector" role="group" aria-label="Range" tabIndex={0}>
      {selected.value === row && (
        <p class="inspector-actions">
          <button type="button" class="button" onClick={() => showRow(row)}>
            Zoom to it
          </button>
        </p>
      )}
      <p>
        <strong class="mono">
          {hex(address)}-{hex(address + rangeBytes(geometry))}
        </strong>{' '}
        {printable(command)} ({pid}), {vma.name === '' ? 'anonymous memory' : printable(vma.name)}
      </p>
      <dl aria-live={selected.value === undefined ? 'off' : 'polite'}>
        <dt>before</dt>
        <dd>
          {rows.isSame[row] ? readingWords(rows.residentBefore[row], rows.mainBefore[row], geometry) : '?'}
        </dd>
        <dt>after</dt>
        <dd>{readingWords(rows.residentAfter[row], rows.mainAfter[row], geometry)}</dd>
        <dt>pages</dt>
        <dd>{rowWords(rows, row)}</dd>
        <dt>policy</dt>
        <dd>
          {!foretold.value
            ? '…'
            : !rows.isSame[row]
              ? 'not compared'
              : kind === 'none'
                ? 'was not predicted to collapse, and did not'
                : FORETOLD_TITLES[kind]}
        </dd>
      </dl>
    </div>
  );
}
