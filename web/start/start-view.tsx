import { EXAMPLES } from './examples.ts';
import { FileButton } from './file-button.tsx';
import { connected } from './live.ts';
import { type ServerSource, serverSources, visit } from './sources.ts';

export function StartView() {
  return (
    <div class="start">
      <h1>What will transparent huge pages do to this memory?</h1>
      <p>
        Drop a snapshot here, or choose one: <code>thpscope capture -p PID -o FILE</code> records a process.
        It is read in this page and goes nowhere else.
      </p>
      <p>
        <FileButton />
      </p>
      {serverSources.value.length > 0 && (
        <section>
          <h2>From this server</h2>
          <ul class="cards">
            {serverSources.value.map((source) => (
              <li key={source.id}>
                <button type="button" class="card" onClick={() => visit(`server:${source.id}`)}>
                  <strong>{source.name}</strong>
                  <span>{kindOf(source)}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h2>Examples</h2>
        <ul class="cards">
          {EXAMPLES.map(({ id, title, what }) => (
            <li key={id}>
              <button type="button" class="card" onClick={() => visit(`example:${id}`)}>
                <strong>{title}</strong>
                <span>{what}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function kindOf({ live, gone }: ServerSource): string {
  if (!live) return 'a snapshot';
  if (!connected.value) return 'the server does not answer';
  return gone === undefined ? 'live, read again every now and then' : 'ended: as it was last';
}
