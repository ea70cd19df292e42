import { plural } from '../../src/core/base/plural.ts';
import { printable } from '../../src/render/words/printable.ts';
import { layout, select, showRows } from './map-state.ts';
import { largestBlocks } from './picture/layout.ts';
import { onMap } from './subject.ts';

/** A list holds no more processes than somebody reads; all others are found by name, and by the keys. */
const PICKED = 200;

/** Goes to a process on the map. */
export function ProcessPicker() {
  const open = onMap.value;
  const { blocks } = layout.value;
  if (!open || blocks.length < 2) return null;
  const listed = largestBlocks(blocks, PICKED);
  const some = listed.length < blocks.length ? `, the largest ${PICKED}` : '';
  return (
    <select
      aria-label="Go to process"
      onChange={({ currentTarget }) => {
        const block = listed[Number(currentTarget.value)];
        if (!block) return;
        select(block.first);
        showRows(block.first, block.end);
      }}
    >
      <option value="">
        {plural(blocks.length, 'process', 'processes')}
        {some}…
      </option>
      {listed.map(({ process, first, end }, i) => (
        <option key={process} value={i}>
          {printable(open.processes[process].command)} ({open.processes[process].pid}): {end - first}
        </option>
      ))}
    </select>
  );
}
