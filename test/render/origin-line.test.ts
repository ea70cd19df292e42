import { expect, test } from 'vitest';
import type { MemoryOrigin } from '../../src/core/rules/memory-source.ts';
import { ORIGIN_COLUMNS, originCells } from '../../src/render/csv/origin.ts';
import { originLine } from '../../src/render/words/origin-line.ts';

function origin(more: Partial<MemoryOrigin> = {}): MemoryOrigin {
  const time = '2026-11-27T01:02:03.456Z';
  return { source: 'a.parquet', live: false, host: 'db7', kernelRelease: '7.2.1', time, ...more };
}

const lineOf = (...origins: MemoryOrigin[]) => originLine(origins, '1.2.3');

test('one source is named with its kernel', () => {
  expect(lineOf(origin())).toBe(
    'Memory of db7 (Linux 7.2.1), read 2026-11-27 01:02:03 UTC from a.parquet; thpscope 1.2.3',
  );
  expect(lineOf(origin({ live: true, source: '--all' }))).toContain(' from running processes (--all);');
});

test('what is not known is not made up', () => {
  expect(lineOf()).toBeUndefined();
  expect(lineOf(origin({ host: undefined }))).toMatch(
    /^Memory of a host that is not named \(Linux 7.2.1\), /,
  );
  expect(lineOf(origin({ host: 'redacted', kernelRelease: '' }))).toMatch(
    /^Memory of a host whose name is redacted, read /,
  );
  const unnamed = origin({ host: undefined, source: 'b' });
  expect(lineOf(unnamed, unnamed)).toMatch(/^Memory of hosts that are not named, read /);
  expect(lineOf(origin(), unnamed)).toMatch(/^Memory of db7 and others that are not named, read /);
});

test('several sources are one line, however many they are', () => {
  const later = origin({ source: 'b', time: '2026-11-27T03:00:00.000Z' });
  expect(lineOf(later, origin())).toBe(
    'Memory of db7, read 2026-11-27 01:02:03 UTC to 2026-11-27 03:00:00 UTC from 2 files (b, a.parquet); thpscope 1.2.3',
  );
  const many = Array.from({ length: 1200 }, (_, i) => origin({ host: `db${i}`, source: `${i}.json` }));
  expect(lineOf(...many)).toBe(
    'Memory of 1,200 hosts (db0, db1, db2 and 1197 more), read 2026-11-27 01:02:03 UTC from 1,200 files (0.json, 1.json, 2.json and 1197 more); thpscope 1.2.3',
  );
});

test('a dataset of a fleet is one source of many hosts', () => {
  const fleet = origin({
    host: undefined,
    hosts: 5000,
    source: '/data',
    lastTime: '2026-11-27T01:07:09.000Z',
  });
  expect(lineOf(fleet)).toBe(
    'Memory of 5,000 hosts, read 2026-11-27 01:02:03 UTC to 2026-11-27 01:07:09 UTC from /data; thpscope 1.2.3',
  );
  expect(originCells([fleet], '', '1')).toBe(
    '"5,000 hosts",2026-11-27T01:02:03.456Z/2026-11-27T01:07:09.000Z,/data,1',
  );
});

test('no name ends the line: it is a comment in scripts that root runs', () => {
  const hostile = origin({
    host: 'db7\nreboot\r',
    source: '\u001b[2Ja\u202eb\nreboot',
    kernelRelease: '7\n',
  });
  expect(lineOf(hostile)).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(originCells([hostile], '', '1')).not.toMatch(/[\p{Cc}\u202e]/u);
});

test('cells of CSV are one each, whatever is in them', () => {
  expect(ORIGIN_COLUMNS.split(',')).toHaveLength(4);
  expect(originCells([origin()], '', '1')).toBe('db7,2026-11-27T01:02:03.456Z,a.parquet,1');
  expect(originCells([origin({ host: 'a,b', source: 'x"y' })], '', '1')).toBe(
    '"a,b",2026-11-27T01:02:03.456Z,"x""y",1',
  );
  const other = origin({ host: 'db8', source: 'b', time: '2026-11-28T00:00:00.000Z' });
  expect(originCells([origin(), other], '', '1')).toBe(
    '2 hosts,2026-11-27T01:02:03.456Z/2026-11-28T00:00:00.000Z,2 files,1',
  );
  expect(originCells([], 'go-heap', '1')).toBe(',,go-heap,1');
});
