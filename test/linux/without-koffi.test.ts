import { expect, test, vi } from 'vitest';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { loadCompareMemory } from '../../src/linux/processes/shared-mm.ts';
import { valueOf } from '../support/ranges.ts';

vi.mock('koffi', () => {
  throw new Error('koffi is not installed');
});

test.runIf(process.platform === 'linux')(
  'without koffi processes are read, and the note says what is not known',
  async () => {
    expect(await loadCompareMemory()).toBeUndefined();
    const source = valueOf(await openLiveSource(RUNNING_KERNEL, [process.pid, process.ppid], new Date()));
    const items: MemoryItem[] = [];
    for await (const item of source.items()) items.push(item);
    const notes = items.flatMap((item) => (item.kind === 'note' ? [item.message] : []));
    expect(notes.join()).toContain('PAGEMAP_SCAN is not available (Linux 6.7 and the koffi package have it)');
    const pages = items.flatMap((item) => (item.kind === 'ranges' ? item.ranges : []));
    expect(pages.length * rangeBytes(x86_64)).toBeGreaterThan(0);
  },
);
