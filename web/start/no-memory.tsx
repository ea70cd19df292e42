import { opening } from '../memory/open-memory.ts';
import { visit } from './sources.ts';

/** What views of memory show when there is none. */
export function NoMemory() {
  if (opening.value !== undefined) return null;
  return (
    <div class="start">
      <h1>No memory is open</h1>
      <p>Drop a snapshot here, or look at one that comes with thpscope.</p>
      <p>
        <button type="button" class="button" onClick={() => visit('example:redis')}>
          Open the example
        </button>
      </p>
    </div>
  );
}
