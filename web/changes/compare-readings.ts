import { failure, memory } from '../memory/open-memory.ts';
import { showFile } from '../start/sources.ts';
import { go, link } from '../state/link.ts';
import { changesWorker, earlier, earlierFile, type MemoryReading } from './changes-state.ts';

/** Compares two files, the earlier one with the later one; one alone with what is open. */
export async function compareFiles(files: readonly File[]): Promise<void> {
  const [one, other = openReading()] = files.map(
    (file): MemoryReading => ({ source: file, name: file.name, id: undefined }),
  );
  if (other) await compareReadings(one, other);
}

/** Compares a reading with what is open. */
export async function compareWithOpen(reading: MemoryReading): Promise<void> {
  const open = openReading();
  if (open) await compareReadings(reading, open);
}

/** Exchanges both readings. */
export async function exchange(): Promise<void> {
  const [before, open] = [earlier.peek(), openReading()];
  if (before && open) await show(open, before);
}

function openReading(): MemoryReading | undefined {
  const open = memory.peek();
  return open && { source: open.source, name: open.name, id: link.peek().params.source };
}

/** Whichever was read first comes first. */
async function compareReadings(one: MemoryReading, other: MemoryReading): Promise<void> {
  failure.value = undefined;
  const [time, otherTime] = await Promise.all([timeOf(one), timeOf(other)]);
  if (time === undefined || otherTime === undefined) return;
  if (Date.parse(time) <= Date.parse(otherTime)) await show(one, other);
  else await show(other, one);
}

async function timeOf({ source, name }: MemoryReading): Promise<string | undefined> {
  const time = await changesWorker.timeOf(source, name);
  if (time.ok) return time.value;
  failure.value = time.failure;
  return undefined;
}

async function show(before: MemoryReading, after: MemoryReading): Promise<void> {
  earlierFile.value = before.id === undefined ? before : undefined;
  if (after.source !== memory.peek()?.source && after.id === undefined)
    await showFile(after.source, after.name, 'changes');
  go('changes', {
    source: after.id,
    before: before.id,
    at: undefined,
    to: undefined,
    see: undefined,
    zoom: undefined,
  });
}
