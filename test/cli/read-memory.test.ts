import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ReadError, readMemory } from '../../src/cli/shared/memory/read-memory.ts';
import { type OpenedMemory, openSnapshotFiles, openSnapshots } from '../../src/cli/shared/memory/source.ts';
import type { Progress } from '../../src/cli/shared/output/progress.ts';
import { fail, succeed } from '../../src/core/base/failure.ts';
import { geometryOfPmdOrder, x86_64 } from '../../src/core/memory/geometry.ts';
import type { Host, MemoryItem, MemorySource } from '../../src/core/rules/memory-source.ts';
import { SnapshotError } from '../../src/snapshot/damage.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { processItem } from '../analysis/streams.ts';
import { hostOf, oneVma, sourceOf } from '../snapshot/sources.ts';

const failure = (message: string) => fail('unreadable', message).failure;
const gone = (pid: number): MemoryItem => ({ kind: 'skipped', pid, failure: failure(`${pid} is gone`) });
const note: MemoryItem = { kind: 'note', message: 'run as root' };

function opened(source: MemorySource, single = false) {
  const memory = { source, hosts: [source.host], origins: [], rows: undefined, processes: 2, single };
  const seen = { closed: 0, cleared: 0, shown: '' };
  const progress: Progress = {
    show: (done, total, what) => void (seen.shown = `${done}/${total} ${what}`),
    clear: () => void seen.cleared++,
  };
  return { opened: { ...memory, close: () => void seen.closed++ } as OpenedMemory, seen, progress };
}

async function pidsOf(items: AsyncIterable<MemoryItem>) {
  const pids: number[] = [];
  for await (const item of items) if (item.kind === 'process') pids.push(item.process.pid);
  return succeed(pids);
}

test('memory is handed out, and what is to be said of it comes back', async () => {
  const items = [note, processItem(1), gone(2), note, processItem(3)];
  const { opened: memory, seen, progress } = opened(sourceOf(items));
  const read = await readMemory(memory, pidsOf, { progress });
  if (!read.ok) throw new Error(read.failure.message);
  expect(read.value.value).toEqual([1, 3]);
  expect(read.value.processes.map(({ pid }) => pid)).toEqual([1, 3]);
  expect(read.value.skipped).toEqual([gone(2)]);
  expect(read.value.notes).toEqual(['run as root']);
  expect(seen).toEqual({ closed: 1, cleared: 1, shown: '2/2 processes: 0B read, now p3' });
});

test('memory of which something is skipped is read as well where nobody sees how far it is', async () => {
  const { opened: memory } = opened(sourceOf([gone(1), processItem(2), gone(3)]));
  const read = await readMemory(memory, pidsOf);
  expect(read.ok && read.value).toMatchObject({ value: [2], skipped: [gone(1), gone(3)] });
});

describe('memory is not read', () => {
  for (const [when, single, items, message] of [
    ['the only process is skipped', true, [gone(7)], '7 is gone'],
    ['the only process is lost on the way', true, [processItem(7), gone(7)], '7 is gone'],
    ['all are skipped', false, [gone(1), gone(2)], '1 is gone'],
  ] as const) {
    test(`when ${when}`, async () => {
      const { opened: memory, seen } = opened(sourceOf([...items]), single);
      expect(await readMemory(memory, pidsOf)).toEqual(fail('unreadable', message));
      expect(seen.closed).toBe(1);
    });
  }

  for (const [when, thrown] of [
    ['a snapshot is damaged', new SnapshotError(failure('is cut off'))],
    ['the consumer ends it', new ReadError(failure('is cut off'))],
  ] as const) {
    test(`when ${when}`, async () => {
      const { opened: memory, seen, progress } = opened(sourceOf([processItem(1)]));
      const consume = async () => {
        throw thrown;
      };
      expect(await readMemory(memory, consume, { progress })).toEqual(fail('unreadable', 'is cut off'));
      expect(seen).toMatchObject({ closed: 1, cleared: 1 });
    });
  }
});

test('an abort ends the reading before the next item', async () => {
  const { opened: memory, seen } = opened(sourceOf([processItem(1), processItem(2)]));
  const stop = new AbortController();
  const pids: number[] = [];
  const read = readMemory(
    memory,
    async (items) => {
      for await (const item of items) {
        if (item.kind === 'process') pids.push(item.process.pid);
        stop.abort(new Error('enough'));
      }
      return succeed(undefined);
    },
    { signal: stop.signal },
  );
  await expect(read).rejects.toThrow('enough');
  expect(pids).toEqual([1]);
  expect(seen.closed).toBe(1);
});

describe('snapshots that cannot be taken together', () => {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  async function snapshot(name: string, host: Host): Promise<string> {
    const path = join(folder, name);
    const written = await writeSnapshot(path, sourceOf(oneVma(1, host.geometry), host));
    expect(written.ok).toBe(true);
    return path;
  }

  const inputs = (...paths: string[]) => paths.map((path) => ({ path, name: path }));
  const openFiles = () =>
    process.platform === 'linux' ? readdirSync('/proc/self/fd', { encoding: 'utf8' }).length : 0;

  test('are refused in words that fit the command, and none stays open', async () => {
    const a = await snapshot('a.parquet', hostOf());
    const b = await snapshot('b.parquet', hostOf(geometryOfPmdOrder(11)));
    const settings = hostOf().settings;
    const other = { ...hostOf(x86_64), settings: settings && { ...settings, maxPtesNone: 0 } };
    const c = await snapshot('c.parquet', other);
    const before = openFiles();
    expect(await openSnapshots('explain', inputs(a, b), undefined)).toEqual(
      fail('usage', `${b}: has another page size than ${a}; run thpscope explain on each of them alone`),
    );
    expect(await openSnapshots('predict', inputs(a, c), 'current')).toEqual(
      fail('usage', `${c}: was recorded under other THP settings than ${a}; give --policy`),
    );
    expect((await openSnapshotFiles('sweep', inputs(a, join(folder, 'missing')), undefined)).ok).toBe(false);
    expect(openFiles()).toBe(before);

    const together = await openSnapshots('predict', inputs(a, c), 'default');
    if (!together.ok) throw new Error(together.failure.message);
    await readMemory(together.value, pidsOf);
    expect(openFiles()).toBe(before);
  });
});
