// Run as a process of its own, to be killed: captures memory that never ends, and says when a row group is on
// disk.
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { emptyOccupancy } from '../../src/core/memory/occupancy.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { unseenRange } from '../support/unseen-range.ts';

async function* items(): AsyncGenerator<MemoryItem> {
  const process = { pid: 1, startTime: 1, command: 'endless', cgroup: '/', thpDisabled: false };
  const vma = { start: 0, end: 2 ** 47, name: '', anonymous: true, flags: [], thpEligible: true };
  yield { kind: 'process', process };
  yield { kind: 'vma', vma: { ...vma, rssBytes: 0, swapBytes: 0 } };
  for (let address = 0; ; address += rangeBytes(x86_64)) {
    const present = emptyOccupancy(x86_64).fill(address);
    yield { kind: 'ranges', ranges: [unseenRange(x86_64, address, present)] };
  }
}

const host = {
  name: 'a',
  bootId: 'b',
  kernelRelease: '7.2.0',
  time: '2026-01-02T03:04:05Z',
  geometry: x86_64,
  settings: defaultSettings(x86_64),
};

await writeSnapshot(process.argv[2], { host, items }, { onProgress: ({ bytes }) => console.log(bytes) });
