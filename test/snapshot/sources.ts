import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AsyncBuffer } from 'hyparquet';
import { expect, onTestFinished } from 'vitest';
import { type Geometry, pagesPerRange, rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { emptyOccupancy, setPages } from '../../src/core/memory/occupancy.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import type { Host, MemoryItem, MemorySource, Process } from '../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import type { Vma } from '../../src/core/rules/vma.ts';
import { openSnapshot, type Snapshot } from '../../src/snapshot/reader.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { unseenRange } from '../support/unseen-range.ts';

export function hostOf(geometry: Geometry = x86_64): Host {
  return {
    name: 'db1.example',
    bootId: '0f8fad5b-d9cb-469f-a165-70867728950e',
    kernelRelease: '7.2.0-acme',
    time: '2026-01-02T03:04:05.678Z',
    geometry,
    settings: defaultSettings(geometry),
  };
}

export const redis: Process = {
  pid: 42,
  startTime: 123456,
  command: 'redis-server',
  cgroup: '/system.slice/redis.service',
  thpDisabled: false,
};

export function vmaAt(start: number, end: number): Vma {
  return {
    start,
    end,
    name: '',
    anonymous: true,
    flags: ['rd', 'wr', 'hg'],
    thpEligible: true,
    rssBytes: end - start,
    swapBytes: 0,
  };
}

/** A range whose first PTEs are present and about which nothing else is known. */
export function rangeAt(index: number, pages: number, geometry: Geometry = x86_64): RangeState {
  const present = emptyOccupancy(geometry);
  setPages(present, 0, Math.min(pages, pagesPerRange(geometry)));
  return unseenRange(geometry, index * rangeBytes(geometry), present);
}

/** One process with one VMA of so many ranges. */
export function oneVma(ranges: number, geometry: Geometry = x86_64): MemoryItem[] {
  return [
    { kind: 'process', process: redis },
    { kind: 'vma', vma: vmaAt(0, ranges * rangeBytes(geometry)) },
    { kind: 'ranges', ranges: Array.from({ length: ranges }, (_, i) => rangeAt(i, i + 1, geometry)) },
  ];
}

export function sourceOf(items: Iterable<MemoryItem>, host: Host = hostOf()): MemorySource {
  return {
    host,
    async *items() {
      yield* items;
    },
  };
}

/** A directory that goes away with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'thpscope-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

export async function snapshotBytes(source: MemorySource): Promise<Uint8Array> {
  const directory = mkdtempSync(join(tmpdir(), 'thpscope-'));
  try {
    const path = join(directory, 'a.parquet');
    expect(await writeSnapshot(path, source)).toMatchObject({ ok: true });
    return new Uint8Array(readFileSync(path));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function bufferOf(bytes: Uint8Array): AsyncBuffer {
  return { byteLength: bytes.length, slice: (start, end) => bytes.slice(start, end).buffer as ArrayBuffer };
}

export async function opened(bytes: Uint8Array): Promise<Snapshot> {
  const source = await openSnapshot(bufferOf(bytes), 'a.parquet');
  if (!source.ok) throw new Error(source.failure.message);
  return source.value;
}

/** All items, with the ranges that follow each other in one item, as their grouping means nothing. */
export async function itemsOf(source: MemorySource): Promise<MemoryItem[]> {
  const items: MemoryItem[] = [];
  for await (const item of source.items()) {
    const last = items.at(-1);
    if (item.kind === 'ranges' && last?.kind === 'ranges') {
      items[items.length - 1] = { kind: 'ranges', ranges: [...last.ranges, ...item.ranges] };
    } else if (item.kind === 'cache-ranges' && last?.kind === 'cache-ranges') {
      items[items.length - 1] = { kind: 'cache-ranges', ranges: [...last.ranges, ...item.ranges] };
    } else if (!('ranges' in item) || item.ranges.length > 0) {
      items.push(item);
    }
  }
  return items;
}
