import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Host, MemoryItem } from '../../src/core/rules/memory-source.ts';
import { redacted } from '../../src/snapshot/redact.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { knownRanges, processItem, vmaItem } from '../analysis/streams.ts';
import { hostOf, sourceOf } from '../snapshot/sources.ts';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-diff-'));
const BOOT = 'c0ffee00-5a0a-4f6f-9d8e-0123456789ab';
const vma = vmaItem({ end: 2 ** 24, flags: ['hg'], name: '[heap]' });
const cron = [processItem(5, { command: 'cron' }), vmaItem(), knownRanges([{ present: '0-9' }])];

const GROUP = '/system.slice/redis.service';
const redis = (anon_thp: number, thp_collapse_alloc: number) =>
  processItem(1, {
    command: 'redis',
    cgroup: GROUP,
    groupCounters: { path: GROUP, counters: { anon: 5 * 2 ** 20 + anon_thp, anon_thp, thp_collapse_alloc } },
  });

const BEFORE: MemoryItem[] = [
  redis(0, 7),
  vma,
  knownRanges([{ present: '0-499' }, { present: '0-511' }, { present: '0-99' }, { present: '0-299' }]),
  ...cron,
  processItem(7, { command: 'gone' }),
  vmaItem(),
  knownRanges([{ present: '0-9' }]),
];
const AFTER: MemoryItem[] = [
  redis(2 ** 21, 8),
  vma,
  knownRanges([
    { present: '0-511', folios: ['9@0-511'], pmdMapped: true },
    { present: '0-511' },
    { present: '0-49' },
  ]),
  ...cron,
];

beforeAll(async () => {
  const host = { ...hostOf(), bootId: BOOT, kernelRelease: '7.3.0' };
  const write = async (name: string, items: MemoryItem[], more: Partial<Host>) =>
    valueOf(await writeSnapshot(join(folder, name), sourceOf(items, { ...host, ...more })));
  await write('before.parquet', BEFORE, {
    time: '2026-11-27T12:00:00Z',
    counters: { 'khugepaged/full_scans': 4, 'vmstat/thp_collapse_alloc': 10, 'vmstat/thp_split_page': 3 },
  });
  await write('after.parquet', AFTER, {
    time: '2026-11-27T12:30:00Z',
    counters: { 'khugepaged/full_scans': 4, 'vmstat/thp_collapse_alloc': 11, 'vmstat/thp_split_page': 3 },
    settings: { ...host.settings!, maxPtesNone: 64 },
  });
  await write('cron.parquet', cron, { time: '2026-11-27T12:30:00Z' });
  await write('elsewhere.parquet', AFTER, { name: 'other', bootId: '', time: '2026-11-27T12:30:00Z' });
  const plain = sourceOf(BEFORE, { ...host, bootId: BOOT });
  valueOf(
    await writeSnapshot(
      join(folder, 'redacted.parquet'),
      redacted(plain, () => 0.5),
    ),
  );
  await write('old.parquet', AFTER, { time: '2026-11-27T12:30:00Z', bootId: 'other0' });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs diff on files of this test; hands out what it prints. */
async function ask(line: string): Promise<string> {
  const args = words(line).map((word) => (word.endsWith('.parquet') ? join(folder, word) : word));
  const { stdout, stderr, code } = await thpscope(['diff', ...args]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

test('what changed is told in sums, page by page, in settings, counters and processes', async () => {
  const text = await ask('before.parquet after.parquet -v');
  expect(text.slice(text.indexOf('30m'))).toMatchInlineSnapshot(`
    "30m from the first reading to the second

                      BEFORE  AFTER  CHANGE
    anonymous memory   5.59M  4.23M  -1.36M
    huge                  0B     2M     +2M
      in 2M               0B     2M     +2M
    small              5.59M  2.23M  -3.36M

    2 processes are in both readings; page by page:
      collapsed     1.95M in 1 range of 2M: 1.95M into 2M
      filled        48K in 1 range of 2M: it was empty, and is in one folio with pages from before
      freed         1.37M in 2 ranges of 2M
    other processes: 1 only in the first reading (40K)
      whether they ended or came since, or were not read the other time, the readings do not tell

    settings that changed
      khugepaged/max_ptes_none  511  ->  64

    counters of the whole machine that moved
      vmstat/thp_collapse_alloc  +1

    control groups: what memory.stat counts that moved
      /system.slice/redis.service anon                5M -> 7M
      /system.slice/redis.service anon_thp            0B -> 2M
      /system.slice/redis.service thp_collapse_alloc        +1

    PID  COMMAND             MEMORY  CHANGE  HUGE  CHANGE  COLLAPSED  FILLED  SPLIT
      1  redis                 4.2M  -1.32M    2M     +2M      1.95M     48K     0B
           0-1000000 [heap]    4.2M  -1.32M    2M     +2M      1.95M     48K     0B
      7  gone (only before)      0B    -40K    0B      0B         0B      0B     0B
    1 process did not change
    "
  `);
});

test('with settings it says what of a prediction came true', async () => {
  const text = await ask('before.parquet after.parquet --policy current --orders 2M --max-ptes-none 511');
  const at = text.indexOf('predicted from');
  expect(text.slice(at, text.indexOf('PID', at))).toMatchInlineSnapshot(`
    "predicted from the first reading under enabled always, sizes: 2M always; max_ptes_none 511
      these are not the settings that the second reading found in force
      predicted     10M in 5 collapses
      came true     2M (20.0%)
      otherwise     2M its pages were freed or swapped out
      otherwise     2M other pages of the range are resident than before: khugepaged may have met other memory
      not yet       4M as before
      not compared  2M predicted besides, of processes that are not in the second reading, or were started again
      khugepaged has not finished a round since (full_scans is 4 as before)

    "
  `);
});

/** Recordings of the suite diff of `conform`, on Linux 7.3.4. */
describe('what a kernel did', () => {
  const told = async (name: string) => {
    const [before, after] = ['before', 'after'].map((each) => `test/fixtures/diff/${name}-${each}.parquet`);
    const { stdout } = await thpscope([
      'diff',
      before,
      after,
      '--policy',
      'current',
      '--kernel',
      'linux-7.3',
    ]);
    const at = stdout.indexOf('predicted from');
    return stdout.slice(at, stdout.indexOf('PID', at));
  };

  test('a redis-server gave parts of huge pages back once khugepaged had made them', async () => {
    expect(await told('redis')).toMatchInlineSnapshot(`
      "predicted from the first reading under enabled madvise, sizes: 2M always; max_ptes_none 511
        predicted     80M in 40 collapses
        came true     80M (100.0%); of 40M a part was freed since, or is new

      "
    `);
  });

  test('of a server that forked, only the parent came to the list of khugepaged', async () => {
    expect(await told('forking-server')).toMatchInlineSnapshot(`
      "predicted from the first reading under enabled madvise, sizes: 64K-2M always; max_ptes_none 0
        predicted     18.1M in 196 collapses
        came true     0B (0.0%)
        otherwise     18.1M nothing of its process collapsed, which is probably not on khugepaged's list: the sizes were enabled after it had started. Restart it, or use MADV_COLLAPSE (thpscope apply --collapse)
        khugepaged went 14 times round all of its list since

      "
    `);
  });
});

test('of another boot processes are matched by their names, and no counter is compared', async () => {
  const text = await ask('before.parquet old.parquet');
  expect(text).toContain('the machine was started again in between');
  expect(text).not.toContain('counters');
  expect(text).toContain('matched by service and command');
  expect(text).toContain('other processes: 2 matched, 1 only in the first reading (40K)');
});

test('of processes that the second reading does not have nothing is said to have ended or to be missed', async () => {
  const text = await ask('before.parquet cron.parquet --orders 2M --max-ptes-none 511');
  expect(text).not.toContain('ended)');
  expect(text.slice(text.indexOf('1 process is'))).toMatchInlineSnapshot(`
    "1 process is in both readings; page by page:
      nothing changed
    other processes: 2 only in the first reading (5.55M)
      whether they ended or came since, or were not read the other time, the readings do not tell

    counters of the kernel: one of the readings has none, as those of older versions of thpscope

    predicted from the first reading under enabled always, sizes: 2M always; max_ptes_none 511
      these are not the settings that the second reading found in force
      predicted     2M in 1 collapse
      came true     0B (0.0%)
      not yet       2M as before
      not compared  10M predicted besides, of processes that are not in the second reading, or were started again
      whether khugepaged has been there since is not known: the readings have no counters of one boot

    PID  COMMAND              MEMORY  CHANGE  HUGE  CHANGE  COLLAPSED  FILLED  SPLIT  CAME TRUE
      1  redis (only before)      0B  -5.52M    0B      0B         0B      0B     0B
      7  gone (only before)       0B    -40K    0B      0B         0B      0B     0B
    1 process did not change
    "
  `);
});

test('a redacted reading is matched by pid and start time, and two machines are named as such', async () => {
  const text = await ask('before.parquet redacted.parquet');
  expect(text).toContain('other processes: 3 matched\n');
  expect(text).not.toContain('only in');
  expect(text).toContain('one of the readings does not name its boot');
  const both = await ask('redacted.parquet redacted.parquet');
  expect(both).toContain('other processes: 3 matched\n');
  expect(await ask('before.parquet elsewhere.parquet')).toContain(
    'these are two machines, not one at two times',
  );
  const files = ['before.parquet', 'elsewhere.parquet'].map((name) => join(folder, name));
  expect((await thpscope(['diff', ...files, '--csv'])).stderr).toContain('these are two machines');
});

test('JSON keeps to its schema, and CSV has a row a process and VMA', async () => {
  const json = JSON.parse(await ask('before.parquet after.parquet --json --policy current'));
  expectSchema('diff', json);
  expect(json.totals).toMatchObject({ collapsedPages: { 9: 500 }, filledPages: 12, freedPages: 350 });
  const rows = (await ask('before.parquet after.parquet --csv -v')).trim().split('\n');
  expect(rows).toHaveLength(1 + 3 + 2);
  const columns = rows[0].split(',').length;
  expect(rows.every((row) => row.split(',').length === columns)).toBe(true);
  expect(json.services.map(({ name }: { name: string }) => name)).toEqual(['redis.service', 'cron', 'gone']);
  const services = (await ask('before.parquet after.parquet --csv --by service')).trim().split('\n');
  expect(services.map((row) => row.split(',').slice(0, 5).join(','))).toEqual([
    'service,processes_before,processes_after,resident_before_bytes,resident_after_bytes',
    'redis.service,1,1,5783552,4399104',
    'cron,1,1,40960,40960',
    'gone,1,0,40960,0',
  ]);
});

test('processes of a service are one row', async () => {
  const text = await ask('before.parquet after.parquet --by service');
  expect(text.slice(text.indexOf('SERVICE'))).toMatchInlineSnapshot(`
    "SERVICE        PROCESSES  MEMORY  CHANGE  HUGE  CHANGE  COLLAPSED  FILLED  SPLIT
    redis.service          1    4.2M  -1.32M    2M     +2M      1.95M     48K     0B
    gone              1 -> 0      0B    -40K    0B      0B         0B      0B     0B
    "
  `);
  // In short, what is about huge pages alone.
  expect(text).toContain('redis.service anon_thp');
  expect(text).not.toContain('redis.service anon ');
});

test('digests are compared by their sums, with counters and the same processes', async () => {
  for (const name of ['before', 'after'])
    await thpscope(['digest', join(folder, `${name}.parquet`), '-o', join(folder, `${name}.digest.json`)]);
  const digests = ['before', 'after'].map((name) => join(folder, `${name}.digest.json`));
  const { stdout, code } = await thpscope(['diff', ...digests]);
  expect(code).toBe(0);
  expect(stdout.slice(stdout.indexOf('30m'))).toMatchInlineSnapshot(`
    "30m from the first reading to the second

                      BEFORE  AFTER  CHANGE
    anonymous memory   5.59M  4.23M  -1.36M
    huge                  0B     2M     +2M
      mapped as 2M        0B     2M     +2M
    small              5.59M  2.23M  -3.36M

    digests hold sums: what collapsed, was split or filled is not known page by page

    settings that changed
      khugepaged/max_ptes_none  511  ->  64

    counters of the whole machine that moved
      vmstat/thp_collapse_alloc  +1

    PROCESS  PROCESSES  MEMORY  CHANGE  HUGE  CHANGE
    1 redis          1    4.2M  -1.32M    2M     +2M
    7 gone      1 -> 0      0B    -40K    0B      0B
    "
  `);
  const { stdout: text } = await thpscope(['diff', digests[0], join(folder, 'after.parquet'), '--json']);
  const json = JSON.parse(text);
  expectSchema('diff-digest', json);
  const pages = JSON.parse(await ask('before.parquet after.parquet --json'));
  expect(json.totals.after.hugePages).toBe(pages.totals.pagesAfter[9]);
  expect(json.services).toHaveLength(pages.services.length);
});

describe('a series', () => {
  const series = join(folder, 'series');
  beforeAll(() => {
    mkdirSync(series);
    for (const [name, at] of [
      ['before', '120000'],
      ['after', '123000'],
      ['before', '130000'],
    ])
      copyFileSync(join(folder, `${name}.parquet`), join(series, `20261127T${at}Z.parquet`));
    copyFileSync(join(folder, 'old.parquet'), join(series, 'other.parquet'));
  });

  test('is a row a snapshot, with the settings that changed before it', async () => {
    const text = await ask(series);
    expect(text.slice(text.indexOf('READ AT'))).toMatchInlineSnapshot(`
      "READ AT (UTC)        MEMORY  HUGE  COLLAPSED  FILLED  SPLIT  TOUCHED  FREED  RESTARTED
      2026-11-27 12:00:00   5.59M    0B
      2026-11-27 12:30:00   4.23M    2M      1.95M     48K     0B       0B  1.37M          1
          khugepaged/max_ptes_none: 511 -> 64
      2026-11-27 12:00:00   5.59M    0B         0B      0B  1.95M    1.37M    48K          1
          khugepaged/max_ptes_none: 64 -> 511

      from the first to the last: memory 5.59M -> 5.59M, huge 0B -> 0B
      RESTARTED counts processes that ended, are new, or have another pid; only sums of them are known.
      "
    `);
  });

  test('is JSON of its schema, and rows', async () => {
    const json = JSON.parse(await ask(`${series} --json`));
    expectSchema('diff-series', json);
    expect(json.steps).toMatchObject([{ collapsedPages: { 9: 500 } }, { splitPages: 500, restarted: 1 }]);
    expect((await ask(`${series} --csv`)).trim().split('\n')).toHaveLength(3);
  });

  test('is written by capture --every, whole until a signal comes', async () => {
    const written = mkdtempSync(join(folder, 'written-'));
    const args = ['capture', '-p', String(process.pid), '--every', '10m', '-o', written];
    const command = spawn(PROGRAM, [...SCRIPT, ...args], { stdio: 'ignore' });
    const ended = once(command, 'exit');
    await vi.waitUntil(() => readdirSync(written).some((name) => name.endsWith('Z.parquet')), 30_000);
    command.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(readdirSync(written)).toHaveLength(1);
    const { stderr, code } = await thpscope(['diff', written]);
    expect(stderr).toContain('has only one snapshot of a series');
    expect(code).toBe(2);
  });

  test.each([
    ['--keep 5', 'give --every'],
    ['--every 5s', 'at least 10s'],
    ['--every 1h --keep none', 'write a number of snapshots'],
    ['--every 1h --keep 0', 'write a number of snapshots'],
    ['--every 1h --budget 0%', 'write a share'],
  ])('capture %s is refused', async (flags, sentence) => {
    const args = ['capture', '-p', String(process.pid), '-o', series, ...words(flags)];
    expect(await thpscope(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(sentence) });
  });
});

describe('what cannot be compared is refused in a sentence', () => {
  test.each([
    ['before.parquet', 2, 'give two recordings, or one and the processes that run now'],
    ['before.parquet after.parquet old.parquet', 2, 'give two recordings'],
    ['before.parquet after.parquet -p 1', 2, 'give two recordings'],
    ['examples/services.digest.json after.parquet --policy current', 2, 'does not tell what came true'],
    ['examples/services.digest.json after.parquet -v', 2, 'what digests do not hold'],
    ['examples/services.digest.json', 2, 'give two recordings'],
    ['before.parquet after.parquet --csv --json', 2, 'give one'],
    ['before.parquet gone.parquet', 5, 'no such file'],
    ['before.parquet after.parquet --max-ptes-none 512', 2, 'max_ptes_none'],
  ])('%s', async (line, exit, sentence) => {
    const args = words(line).map((word) => (word.endsWith('.parquet') ? join(folder, word) : word));
    const { stdout, stderr, code } = await thpscope(['diff', ...args]);
    expect(stderr).toContain(sentence);
    expect({ stdout, code }).toEqual({ stdout: '', code: exit });
  });
});

test('a recording and the process that runs now', async () => {
  const recorded = join(folder, 'live.parquet');
  expect((await thpscope(['capture', '-p', String(process.pid), '-o', recorded])).code).toBe(0);
  const { stdout, code } = await thpscope(['diff', recorded, '-p', String(process.pid)]);
  expect(code).toBe(0);
  expect(stdout).toContain('1 process is in both readings; page by page:');
  expect(stdout).toMatch(/counters of the (kernel: none|whole machine)/);
});
