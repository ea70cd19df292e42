import { FileButton } from '../start/file-button.tsx';
import { linkedSource, serverSources } from '../start/sources.ts';
import { link } from '../state/link.ts';
import { compareWithOpen } from './compare-readings.ts';

/** Takes another reading to compare with the one that is open: a file, or one that the server has. */
export function OtherReading() {
  const { source } = link.value.params;
  const others = serverSources.value.filter(({ id }) => source !== `server:${id}`);
  return (
    <>
      {others.length > 0 && (
        <select
          aria-label="Compare with"
          value=""
          onChange={({ currentTarget }) => {
            const id = currentTarget.value;
            const linked = linkedSource(id);
            if (linked) void compareWithOpen({ ...linked, id });
          }}
        >
          <option value="">compare with…</option>
          {others.map(({ id, name, time }) => (
            <option key={id} value={`server:${id}`}>
              {name}, {time.slice(0, 16).replace('T', ' ')}
            </option>
          ))}
        </select>
      )}
      <FileButton label="Another reading…" />
    </>
  );
}
