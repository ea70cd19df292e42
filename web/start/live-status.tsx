import { useEffect, useState } from 'preact/hooks';
import { formatDuration } from '../../src/core/base/duration.ts';
import { memory } from '../memory/open-memory.ts';
import { connected, paused, watched } from './live.ts';
import { sourceAddress } from './sources.ts';
import './live.css';

/** Whether the memory on the screen is that of now, and a button to hold it; nothing for recorded memory. */
export function LiveStatus() {
  const source = watched.value;
  if (!source || !memory.value) return null;
  const word =
    source.gone !== undefined ? 'ended' : paused.value ? 'paused' : connected.value ? 'live' : 'lost';
  return (
    <span class={`live live-${word}`}>
      <span role="status">{WORDS[word]}</span>
      <Age time={memory.value.host.time} />
      {word !== 'ended' && (
        <button
          type="button"
          class="button"
          disabled={word === 'lost'}
          onClick={() => (paused.value = !paused.value)}
        >
          {paused.value ? 'Resume' : 'Pause'}
        </button>
      )}
      {word !== 'lost' && (
        <a
          class="button"
          href={sourceAddress(source.id)}
          download={`${source.name}.parquet`}
          aria-label="Save this reading"
          title="Save this reading as a snapshot"
        >
          Save
        </a>
      )}
    </span>
  );
}

const WORDS = { live: 'live', paused: 'paused', ended: 'ended', lost: 'the server does not answer' } as const;

function Age({ time }: { readonly time: string }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [time]);
  const seconds = Math.max(1, Math.floor((now - Date.parse(time)) / 1000));
  return <span class="live-age">read {formatDuration(seconds * 1e9)} ago</span>;
}
