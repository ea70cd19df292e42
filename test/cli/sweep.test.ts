import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { setPages } from '../../src/core/memory/occupancy.ts';
import { plainRange } from '../../src/core/memory/range-state.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { processItem, vmaItem } from '../analysis/streams.ts';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { sealed } from '../support/sealed.ts';
import { thpscope, words } from '../support/thpscope.ts';

const REDIS = 'examples/redis.parquet';
const folder = mkdtempSync(join(tmpdir(), 'thpscope-sweep-'));
const file = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** Two processes over several row groups, with pages that are shared and others in old folios. */
function* items(): Generator<MemoryItem> {
  for (const pid of [1, 2]) {
    yield processItem(pid);
    yield vmaItem({ end: 2 ** 36, flags: pid === 1 ? [] : ['hg'] });
    for (let i = 0; i < 5000; i++) {
      const present = new Uint32Array(16);
      setPages(present, (i * 7) % 200, 1 + ((i * 13 * pid) % 300));
      const folios = i % 9 === 0 ? new Uint8Array(512).fill(4) : undefined;
      const range = { ...plainRange(x86_64, present, folios), address: i * 2 ** 21 };
      const shared = Uint32Array.from(present, (word, at) => (at === i % 3 ? word : 0));
      yield {
        kind: 'ranges',
        ranges: [i % 701 === 0 ? { ...range, facts: { ...range.facts, shared } } : range],
      };
    }
  }
}

beforeAll(async () => {
  const host = { name: '', bootId: '', kernelRelease: '7.2.0', time: '2026-01-01T00:00:00.000Z' };
  const source = {
    host: { ...host, geometry: x86_64, settings: undefined },
    items: async function* () {
      yield* items();
    },
  };
  valueOf(await writeSnapshot(file('large.parquet'), source));
  expect((await thpscope(['digest', REDIS, '-o', file('redis.json')])).code).toBe(0);
});

/** The rows of a CSV by their first four columns, which name the policy. */
function policiesOf(csv: string): Map<string, Record<string, string>> {
  const [head, ...lines] = csv
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return new Map(
    lines.map((cells) => [
      cells.slice(0, 4).join(' '),
      Object.fromEntries(cells.map((cell, i) => [head[i], cell])),
    ]),
  );
}

test('a sweep of a real snapshot says of each policy what predict says', async () => {
  const chosen = '-L orders 9,2-9,2-8,4,3+6+9 -L max-ptes-none 0,100,400,511';
  const { stdout, code } = await thpscope(['sweep', REDIS, ...words(chosen), '--csv']);
  expect(code).toBe(0);
  const policies = policiesOf(stdout);
  expect(policies.size).toBe(20);
  for (const row of policies.values()) {
    const orders = row.orders.replaceAll('+', ',');
    const flags = ['--orders', orders, '--max-ptes-none', row.max_ptes_none, '--json'];
    const { totals, cost } = JSON.parse((await thpscope(['predict', REDIS, ...flags])).stdout);
    const collapses = Object.values(totals.collapses as Record<string, number>).reduce((a, b) => a + b, 0);
    expect(row).toMatchObject({
      attempts: String(cost.attempts),
      collapses: String(collapses),
      covered_pages: String(totals.coveredPages),
      growth_pages: String(totals.filledPages),
      copied_pages: String(cost.copiedPages),
    });
  }
});

test('totals do not depend on the number of workers, nor on whether a digest came between', async () => {
  const large = file('large.parquet');
  const digests = await Promise.all(
    ['1', '2', '3'].map(async (workers) => {
      const output = file(`large-${workers}.json`);
      expect((await thpscope(['digest', large, '-o', output, '--workers', workers])).code).toBe(0);
      return JSON.parse(readFileSync(output, 'utf8'));
    }),
  );
  expectSchema('digest', digests[0]);
  expect(
    digests[0].processes.map(({ pid, ranges }: { pid: number; ranges: number }) => [pid, ranges]),
  ).toEqual([
    [1, 5000],
    [2, 5000],
  ]);
  expect(digests[1]).toEqual(digests[0]);
  expect(digests[2]).toEqual(digests[0]);
  const asked = words('-P max-ptes-none 0 511 73 -L words always,madvise --csv --workers');
  const sweeps = await Promise.all([
    thpscope(['sweep', large, ...asked, '1']),
    thpscope(['sweep', large, ...asked, '3']),
    thpscope(['sweep', file('large-1.json'), ...asked, '2']),
  ]);
  expect(sweeps[0].code).toBe(0);
  expect(policiesOf(sweeps[0].stdout).size).toBe(256 * 8 * 2);
  const ofAny = ({ stdout }: { stdout: string }) => stdout.replaceAll(/,[^,]*large[^,]*,/g, ',,');
  expect(ofAny(sweeps[0])).not.toContain('large');
  for (const each of sweeps) expect(ofAny(each)).toBe(ofAny(sweeps[0]));
});

test('all 131,072 policies of a kernel with all sizes are swept, as a table, as CSV and as JSON of one schema', async () => {
  const [text, csv, json] = await Promise.all(
    [[], ['--csv'], ['--json']].map((flags) =>
      thpscope(['sweep', file('redis.json'), '-L', 'kernel', 'linux-7.2', ...flags]),
    ),
  );
  expect(text.stdout).toContain('131,072 policies over 66.7M');
  expect(text.stdout).toContain('huge 100%');
  expect(csv.stdout.trim().split('\n')).toHaveLength(131_073);
  const answer = JSON.parse(json.stdout);
  expectSchema('sweep', answer);
  expect(answer.space.policies).toBe(131_072);
  const onFront = [...policiesOf(csv.stdout).values()].filter(({ front }) => front === '1');
  expect(onFront).toHaveLength(answer.front.length);
});

describe('a digest in place of its snapshot', () => {
  for (const flags of [
    '--policy default',
    '--orders all --max-ptes-none 0',
    '--orders 4,9 --max-ptes-none 300 --kernel linux-6.18',
  ])
    test(`is predicted with the same totals: ${flags}`, async () => {
      const totals = async (path: string) => {
        const answer = JSON.parse((await thpscope(['predict', path, ...words(flags), '--json'])).stdout);
        expectSchema('predict', answer);
        return answer.totals;
      };
      expect(await totals(file('redis.json'))).toEqual(await totals(REDIS));
    });

  test.each([
    ['predict', '--kernel scaled', /--kernel scaled: a digest cannot answer/, 2],
    ['predict', '--outcome 9=SCAN_PAGE_COUNT', /--outcome: a digest cannot/, 2],
    ['predict', '--algorithm stack-patch11', /stack-patch11: a digest cannot/, 2],
    ['predict', '--algorithm rounds', /rounds: a digest cannot/, 2],
    ['explain', '--address 0x0', /holds counts, no ranges to explain/, 2],
    [
      'sweep',
      '-L kernel scaled -L orders 9 -L max-ptes-none 0',
      /a digest cannot answer for the kernels scaled/,
      2,
    ],
    ['sweep', REDIS, /digests and snapshots cannot be combined/, 2],
  ])('cannot do everything: %s %s', async (command, flags, message, expected) => {
    const { stderr, stdout, code } = await thpscope([command, file('redis.json'), ...words(flags)]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
  });

  test.each([
    ['{', /bad\.json: cannot be read as a digest: not JSON/],
    ['{"schema":"thpscope/digest@2"}', /no digest of this version/],
    ['{"schema":"thpscope/digest@4"}', /no digest of this version/],
  ])('must be sound: %s', async (text, message) => {
    writeFileSync(file('bad.json'), text);
    const { stderr, code } = await thpscope(['predict', file('bad.json')]);
    expect(stderr).toMatch(message);
    expect(code).toBe(5);
  });

  test('adds up with those of other hosts, whatever their settings', async () => {
    const other = JSON.parse(readFileSync(file('redis.json'), 'utf8'));
    writeFileSync(file('other.json'), sealed({ ...other, host: { ...other.host, settings: null } }));
    const flags = words('--orders all --max-ptes-none 400 --json');
    const one = await thpscope(['predict', file('redis.json'), ...flags]);
    const both = await thpscope(['predict', file('redis.json'), file('other.json'), ...flags]);
    expect(both.stderr).toMatch(/settings of these hosts are unknown or differ/);
    const [single, sum] = [one, both].map(({ stdout }) => JSON.parse(stdout).totals);
    expect(sum.coveredPages).toBe(2 * single.coveredPages);
    expect(sum.ranges).toBe(2 * single.ranges);
  });

  test('must have a table that can be', async () => {
    const digest = JSON.parse(readFileSync(file('redis.json'), 'utf8'));
    for (const [row, complaint] of [
      [[513, 1], /row 513 of unadvised is one of no range/],
      [[0, 1], /row 0 of unadvised is one of no range/],
      [[5, ...Array.from({ length: 20 }, () => 1)], /row 5 of unadvised has full windows of no order/],
    ] as const) {
      const [process] = digest.processes;
      const broken = {
        ...digest,
        processes: [{ ...process, unadvised: { ...process.unadvised, rows: [row] } }],
      };
      writeFileSync(file('bad.json'), sealed(broken));
      const { stderr, code } = await thpscope(['sweep', file('bad.json')]);
      expect(stderr).toMatch(complaint);
      expect(code).toBe(5);
    }
  });
});

test.each([
  ['-L sizes 4', /NAME is one of orders, max-ptes-none, kernel, words/],
  ['-P max-ptes-none 5 1 1', /with MIN at most MAX/],
  ['-P max-ptes-none 0 600 100', /the kernel accepts 0 to 511/],
  ['-L orders 1', /is not an order or size/],
  ['-L kernel linux-2.6', /is none of linux-7.3/],
  ['-L kernel scaled', /too many for scaled and capped/],
  ['--csv --json', /cannot be combined/],
])('what cannot be swept is said: %s', async (flags, message) => {
  const { stderr, code } = await thpscope(['sweep', REDIS, ...words(flags)]);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

test('an interrupted sweep exits cleanly and leaves no worker', async () => {
  // Every range is walked under each policy, which takes half a minute.
  const flags = '-L kernel scaled -P max-ptes-none 0 511 34 --csv --workers 2';
  const child = spawn(PROGRAM, [...SCRIPT, 'sweep', REDIS, ...words(flags)]);
  let output = '';
  let errors = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (errors += text));
  const closed = once(child, 'close');
  // The start takes well under 1.5 s of CPU time; what comes after that is the sweep.
  const ticks = () =>
    readFileSync(`/proc/${child.pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ').slice(11, 13);
  while (ticks().reduce((sum, each) => sum + Number(each), 0) < 150) await sleep(20);
  child.kill('SIGINT');
  expect(await closed).toEqual([130, null]);
  expect(errors).toBe('thpscope: interrupted\n');
  expect(output).toBe('');
});
