import { expect, test } from 'vitest';
import { LONGEST_TEXT } from '../../src/core/rules/longest-text.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { SnapshotError } from '../../src/snapshot/damage.ts';
import { openSnapshot } from '../../src/snapshot/reader.ts';
import { bufferOf, itemsOf, oneVma, snapshotBytes, sourceOf } from './sources.ts';

const LONG = 'x'.repeat(LONGEST_TEXT + 1);

/** The items of a snapshot in which one text is that long, or why there are none. */
async function read(text: string, put: (items: MemoryItem[], text: string) => MemoryItem[]) {
  const bytes = await snapshotBytes(sourceOf(put(oneVma(1), text)));
  const source = await openSnapshot(bufferOf(bytes), 'a.parquet');
  if (!source.ok) return source.failure.message;
  try {
    return await itemsOf(source.value);
  } catch (error) {
    if (error instanceof SnapshotError) return error.failure.message;
    throw error;
  }
}

const changed =
  (kind: 'process' | 'vma', name: string) =>
  (items: MemoryItem[], text: string): MemoryItem[] =>
    items.map((item) => {
      if (item.kind === 'process' && kind === 'process')
        return { kind, process: { ...item.process, [name]: text } };
      if (item.kind === 'vma' && kind === 'vma') return { kind, vma: { ...item.vma, [name]: text } };
      return item;
    });

test.each([
  ['command', changed('process', 'command')],
  ['control group', changed('process', 'cgroup')],
  ['name of a VMA', changed('vma', 'name')],
  ['note', (items: MemoryItem[], message: string): MemoryItem[] => [...items, { kind: 'note', message }]],
])('a text that no machine has is refused: %s', async (_, put) => {
  expect(await read(LONG, put)).toMatch(/has a name of 20001 characters|its metadata is wrong at/);
  expect(Array.isArray(await read(LONG.slice(1), put))).toBe(true);
});
