import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CollapseEvent } from '../../../src/core/rules/collapse-events.ts';
import { scanNameTraced } from '../../../src/core/rules/scan-result.ts';
import { CollapseDecoder } from '../../../src/linux/trace/collapse-decoder.ts';
import { fieldReader, parseTraceFormat } from '../../../src/linux/trace/format.ts';
import { parseRingPage, readRingPage } from '../../../src/linux/trace/ring-page.ts';

/**
 * Recorded of khugepaged: what a kernel wrote into a ring buffer, the formats it gave for it, and the text
 * that it made of the same by itself.
 */
const RECORDINGS = ['linux-6.18', 'linux-7.3'] as const;

const file = (kernel: string, name: string) =>
  readFileSync(new URL(`../../fixtures/trace/${kernel}/${name}`, import.meta.url));

function formatOf(kernel: string, event: string) {
  try {
    return parseTraceFormat(file(kernel, `${event}.format`).toString());
  } catch {
    return undefined;
  }
}

function decoded(kernel: string): CollapseEvent[] {
  const page = parseRingPage(file(kernel, 'header_page').toString());
  if (!page) throw new Error('no header_page');
  const decoder = new CollapseDecoder((_, event) => formatOf(kernel, event));
  const raw = file(kernel, 'pages.raw');
  const events: CollapseEvent[] = [];
  for (let at = 0; at < raw.length; at += 4096)
    readRingPage(new DataView(raw.buffer, raw.byteOffset + at, 4096), page, (view, record, atNs) => {
      const event = decoder.decode(view, record, atNs);
      if (event) events.push(event);
    });
  return events;
}

/** What a line of the kernel says of an event, in the words of `line`. */
const NAMES: Record<string, string> = {
  mm_khugepaged_scan_pmd: 'scan',
  mm_collapse_huge_page: 'attempt',
  mm_collapse_huge_page_isolate: 'isolate',
  mm_collapse_huge_page_swapin: 'swapin',
  mm_khugepaged_scan: 'pass',
  mmap_lock_start_locking: 'wait',
  mmap_lock_acquire_returned: 'held',
  mmap_lock_released: 'released',
};

function lineOf(text: string): string {
  const [, time, name, fields] = /^([\d.]+): (\w+): (.*)$/.exec(text) ?? [];
  const value = (field: string) => new RegExp(`(?:^|[ ,])${field}=([^ ,]+)`).exec(fields)?.[1] ?? '-';
  // The order of what was read from swap is that of the attempt that comes next.
  const order = name === 'mm_collapse_huge_page_swapin' ? '-' : value('order');
  const said = [value('status'), value('none_or_zero'), order, value('write')];
  return [time, NAMES[name], ...said].join(' ');
}

function line(event: CollapseEvent): string {
  const known = event as Record<string, unknown> & CollapseEvent;
  const kind = event.kind === 'lock' ? event.step : event.kind;
  const said = ['status', 'noneOrZero', 'order', 'isWrite'].map((name) => known[name] ?? '-');
  // As the kernel does: to the nearest microsecond.
  return [(Math.round(event.atNs / 1000) / 1e6).toFixed(6), kind, ...said].join(' ');
}

describe.each(RECORDINGS)('what %s wrote', (kernel) => {
  const events = decoded(kernel);
  const lines = file(kernel, 'lines.txt').toString().trimEnd().split('\n');

  test('is read as its own text says it', () => {
    expect(events.length).toBeGreaterThan(50);
    expect(events.map(line)).toEqual(lines.slice(0, events.length).map(lineOf));
  });

  test('names address spaces as the text does, where that hashes them', () => {
    const hashed = new Map<number, string | undefined>();
    for (const [i, event] of events.entries()) {
      if (!('mm' in event)) continue;
      const hash = /mm=(\w+)/.exec(lines[i])?.[1];
      expect(hashed.get(event.mm) ?? hash).toBe(hash);
      hashed.set(event.mm, hash);
    }
    expect(new Set(hashed.values()).size).toBe(hashed.size);
  });

  test('has results that are known by name', () => {
    for (const event of events)
      if (event.kind === 'scan') expect(scanNameTraced(event.status)).toMatch(/^SCAN_/);
  });
});

test('fields that a kernel does not write are unknown, not zero', () => {
  const format = formatOf('linux-6.18', 'mm_collapse_huge_page');
  if (!format) throw new Error('no format');
  const view = new DataView(new ArrayBuffer(64));
  expect(fieldReader(format, 'order')(view, 0)).toBeUndefined();
  expect(fieldReader(format, 'isolated')(view, 0)).toBe(0);
});

test('what is no format, and no page, is told', () => {
  expect(parseTraceFormat('')).toBeUndefined();
  expect(parseRingPage('field: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;')).toBeUndefined();
});

describe('a page of the ring buffer', () => {
  const PAGE = { commitOffset: 8, dataOffset: 16, dataBytes: 240 };
  /** A page with these 32-bit words, at a time. */
  const read = (words: number[], filled = 4 * words.length) => {
    const view = new DataView(new ArrayBuffer(256));
    view.setUint32(0, 1000, true);
    view.setUint32(8, filled, true);
    for (const [i, word] of words.entries()) view.setUint32(16 + 4 * i, word, true);
    const records: [first: number, atNs: number][] = [];
    readRingPage(view, PAGE, (of, record, atNs) => records.push([of.getUint32(record, true), atNs]));
    return records;
  };
  const header = (type: number, delta: number) => ((delta << 5) | type) >>> 0;

  test('has records of words, and of bytes where they are long', () => {
    expect(read([header(1, 5), 7, header(0, 6), 12, 8, 0, header(2, 1), 9, 0])).toEqual([
      [7, 1005],
      [8, 1011],
      [9, 1012],
    ]);
  });

  test('extends times, and sets them', () => {
    expect(read([header(30, 3), 2, header(1, 1), 7])).toEqual([[7, 1000 + 2 * 2 ** 27 + 3 + 1]]);
    expect(read([header(31, 3), 2, header(1, 1), 7])).toEqual([[7, 2 * 2 ** 27 + 3 + 1]]);
  });

  test('passes over what was discarded, and ends where it is padded', () => {
    expect(read([header(29, 1), 8, 0, header(1, 1), 7])).toEqual([[7, 1001]]);
    expect(read([header(1, 1), 7, header(29, 0), 0, header(1, 1), 8])).toEqual([[7, 1001]]);
  });

  test('never reads beyond what was committed', () => {
    expect(read([header(1, 1), 7, header(5, 1), 8])).toEqual([[7, 1001]]);
    expect(read([header(1, 1), 7], 0x40000004)).toEqual([]);
    expect(read([header(0, 1), 2 ** 31, 8])).toEqual([]);
  });
});
