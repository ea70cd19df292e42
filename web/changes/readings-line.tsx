import { formatDuration } from '../../src/core/base/duration.ts';
import { plural } from '../../src/core/base/plural.ts';
import { sum } from '../../src/core/base/sum.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { machineLines, machineRows } from '../../src/render/words/diff-of-machine.ts';
import { matchWords, ONLY_ONCE_WORDS } from '../../src/render/words/diff-words.ts';
import { printable } from '../../src/render/words/printable.ts';
import { memory } from '../memory/open-memory.ts';
import { signedSize } from './change-words.ts';
import { comparedReadings, comparing, earlier } from './changes-state.ts';
import type { ComparedReadings } from './changes-worker-protocol.ts';
import { exchange } from './compare-readings.ts';
import { OtherReading } from './other-reading.tsx';

/** What the two readings are, what came of it in a sentence, and how to take others. */
export function ReadingsLine() {
  const both = comparedReadings.value;
  return (
    <div class="map-advice" role="region" aria-label="Readings" tabIndex={0}>
      <p role="status">
        {both ? (
          <Sentence both={both} />
        ) : (
          `comparing ${earlier.value?.name} with ${memory.value?.name}: ${Math.floor(100 * (comparing.value ?? 0))}%`
        )}
      </p>
      <span class="advice-buttons">
        <button type="button" class="button" onClick={exchange} title="The earlier reading is the later one">
          Exchange
        </button>
        <OtherReading />
      </span>
    </div>
  );
}

function Sentence({ both }: { readonly both: ComparedReadings }) {
  const { elapsedMs, memory: changed } = both.difference;
  const { geometry, total, processes, repeated } = changed;
  const size = (pages: number) => formatSize(pages, geometry);
  const [was, is] = [sum(total.before), sum(total.after)];
  const [hugeWas, hugeIs] = [sum(total.before.slice(1)), sum(total.after.slice(1))];
  const others = processes.filter(({ before, after }) => !before || !after).length;
  const seconds = Math.max(1, Math.round(Math.abs(elapsedMs) / 1000));
  const later = elapsedMs >= 0 ? 'later' : 'earlier: did you mean the other order?';
  const match = matchWords(both.difference);
  const [ofMachine] = machineRows(repeated, was, is);
  const [shared] = machineLines(repeated);
  return (
    <>
      <strong>{both.names.map((name) => printable(name)).join(' → ')}</strong>,{' '}
      {formatDuration(seconds * 1e9)} {later}: memory {size(was)} → {size(is)} (
      <strong>{signedSize(is - was, geometry)}</strong>), huge {size(hugeWas)} → {size(hugeIs)} (
      <strong>{signedSize(hugeIs - hugeWas, geometry)}</strong>).
      {ofMachine &&
        ` Of the machine: ${size(ofMachine[1])} → ${size(ofMachine[2])} (${signedSize(ofMachine[2] - ofMachine[1], geometry)}).`}
      {shared !== undefined && ` ${shared[0].toUpperCase()}${shared.slice(1)}.`}
      {match !== '' && ` ${match[0].toUpperCase()}${match.slice(1)}.`}
      {others > 0 &&
        ` ${plural(others, 'process is', 'processes are')} in one of the readings only: ${ONLY_ONCE_WORDS}.`}
    </>
  );
}
