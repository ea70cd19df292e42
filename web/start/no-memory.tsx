import { plural } from '../../src/core/base/plural.ts';
import { memory, opening } from '../memory/open-memory.ts';
import { Unseen } from '../policy/unseen.tsx';
import { FileButton } from './file-button.tsx';
import { visit } from './sources.ts';

/** What views of memory show when there is none: nothing is open, or what is open has no ranges. */
export function NoMemory() {
  if (opening.value !== undefined) return null;
  const open = memory.value;
  return (
    <div class="start">
      {open ? (
        <>
          <h1>No anonymous memory</h1>
          <p>
            {open.name} has {plural(open.processes.length, 'process', 'processes')} and no anonymous memory:
            khugepaged has nothing to look at.
          </p>
          <Unseen memory={open} />
          <p>Open or drop another snapshot, or look at one that comes with thpscope.</p>
        </>
      ) : (
        <>
          <h1>No memory is open</h1>
          <p>
            Open or drop a snapshot, or look at one that comes with thpscope. A file of yours is in no link:
            after a reload, open it again.
          </p>
        </>
      )}
      <p>
        <FileButton />{' '}
        <button type="button" class="button" onClick={() => visit('example:redis')}>
          Open the example
        </button>
      </p>
    </div>
  );
}
