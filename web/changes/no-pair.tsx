import { memory, opening } from '../memory/open-memory.ts';
import { FileButton } from '../start/file-button.tsx';
import { visit } from '../start/sources.ts';
import { OtherReading } from './other-reading.tsx';

/** How two readings get here. */
export function NoPair() {
  if (opening.value !== undefined) return null;
  const open = memory.value;
  return (
    <div class="start">
      <h1>What changed since?</h1>
      {open ? (
        <p>
          {open.name} is open. Compare it with another reading of the same memory: whichever was read first
          comes first.
        </p>
      ) : (
        <p>
          Open or drop two snapshots of the same memory, such as before and after a change of settings:
          whichever was read first comes first.
        </p>
      )}
      <p>
        <code>thpscope capture --all -o FILE</code> writes them, as root. Processes that were there both times
        are compared page by page: what collapsed, was filled, split, touched, freed or swapped, and whether
        the policy had foretold it.
      </p>
      <p class="toolbar">
        {open ? <OtherReading /> : <FileButton label="Open two snapshots…" />}
        <button
          type="button"
          class="button"
          onClick={() => visit('example:after', 'changes', { before: 'example:before' })}
        >
          Open the example
        </button>
      </p>
    </div>
  );
}
